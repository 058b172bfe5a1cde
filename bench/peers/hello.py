"""A Flask hello-world, the anchor of every table of the load bench."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.get("/hello")
def hello() -> str:
    """Answer as little as Flask can."""
    return "hello"

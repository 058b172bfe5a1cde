"""The HTML forms of a page, as a browser without scripts sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

NOT_SENT = frozenset({"submit", "image", "reset", "button", "file"})

Pairs = list[tuple[str, str]]


@dataclass
class Form:
    """One form: where it goes, the fields it would send as they stand, and its buttons."""

    action: str = ""
    method: str = "get"
    fields: Pairs = field(default_factory=list)
    buttons: Pairs = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    options: dict[str, dict[str, str]] = field(default_factory=dict)

    def filled(self, answers: Mapping[str, str | Sequence[str]], button: str = "") -> Pairs:
        """Return what is sent when the answers are filled in and the named button is pressed.

        `button` is `name=value`, or empty for the form's first button. A list as an answer is
        the choice in a list with several choices.
        """
        sent = [(name, value) for name, value in self.fields if name not in answers]
        for name, answer in answers.items():
            chosen = [answer] if isinstance(answer, str) else list(answer)
            sent += [(name, value) for value in chosen]
        return sent + self._pressed(button)

    def _pressed(self, button: str) -> Pairs:
        if button:
            name, _, value = button.partition("=")
            return [(name, value)]
        return [pair for pair in self.buttons[:1] if pair[0]]

    def chosen(self, name: str) -> list[str]:
        """Return the values that stand chosen for a field."""
        return [value for field_name, value in self.fields if field_name == name]

    def value_of_option(self, name: str, label: str) -> str:
        """Return the value behind an option's text in a list; KeyError when it is not offered."""
        return self.options[name][label]


class _Reader(HTMLParser):
    """Collects forms and links while the parser walks over a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self._option: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of forms and of what stands in them."""
        values = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(values.get("href", ""))
        elif tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._in_form(self._form, tag, values)

    def _in_form(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "select":
            self._select = name
            form.names.add(name)
            form.options.setdefault(name, {})
        elif tag == "option":
            self._option = values.get("value", "")
            if "selected" in values:
                form.fields.append((self._select, self._option))
        elif tag in {"input", "button", "textarea"}:
            _input(form, tag, name, values)

    def handle_data(self, data: str) -> None:
        """Remember the text of an option, which is how a person finds it."""
        if self._form is not None and self._option is not None and data.strip():
            self._form.options[self._select][data.strip()] = self._option
            self._option = None

    def handle_endtag(self, tag: str) -> None:
        """Leave the form or the list."""
        if tag == "form":
            self._form = None
        elif tag == "option":
            self._option = None


def _input(form: Form, tag: str, name: str, values: dict[str, str]) -> None:
    kind = values.get("type", "submit" if tag == "button" else "text")
    form.names.add(name)
    if kind == "submit":
        form.buttons.append((name, values.get("value", "")))
    elif "disabled" in values or not name or kind in NOT_SENT:
        return
    elif kind not in {"checkbox", "radio"}:
        form.fields.append((name, values.get("value", "")))
    elif "checked" in values:
        form.fields.append((name, values.get("value", "on")))


def read_forms(html: str) -> list[Form]:
    """Return every form of a page, in the order of the page."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def read_links(html: str) -> list[str]:
    """Return the targets of every link of a page, as written."""
    reader = _Reader()
    reader.feed(html)
    return reader.links

"""scim2-server with its own WSGI application and memory, under granian: ``… PORT``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from scim2_models import Bulk, EnterpriseUser, Filter, Group, ResourceType, ScimProvider, User
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.service import patch_only_config


def build() -> Callable[..., Iterable[bytes]]:
    """Make the application: what it holds is in this process, so there can be but one."""
    kinds = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    config = patch_only_config()
    config.filter = Filter(supported=True, max_results=1_000)
    config.bulk = Bulk(supported=True, max_operations=1_000, max_payload_size=4 * 2**20)
    provider = ScimProvider(
        models=[User, EnterpriseUser, Group], resource_types=kinds, config=config
    )
    application = WSGIApplication(InMemoryStorage(), provider)

    def whole(environ: dict[str, Any], start: Any) -> Iterable[bytes]:  # noqa: ANN401 - passed on
        # It reads to the end of the input, which granian does not offer.
        size = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size) if size else b"")
        return application(environ, start)

    return whole


if __name__ == "__main__":
    Granian(
        "bench.peers.memory:build",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=1,
        factory=True,
    ).serve()

"""What of AWS's variables the file system is told."""

from __future__ import annotations

import pytest

from codesearch.core.errors import ConfigurationError
from codesearch.core.store.objects import read_options


def test_address_and_credentials_are_those_of_the_store() -> None:
    variables = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT": "http://127.0.0.1:9000/",
        "AWS_SKIP_SIGNATURE": "false",
    }
    assert read_options(variables) == {
        "access_key": "key",
        "secret_key": "secret",
        "region": "eu-central-1",
        "scheme": "http",
        "endpoint_override": "127.0.0.1:9000",
    }
    assert read_options({"AWS_DEFAULT_REGION": "us-east-1", "AWS_SKIP_SIGNATURE": "true"}) == {
        "region": "us-east-1",
        "anonymous": True,
    }


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT is 'host:9000'"):
        read_options({"AWS_ENDPOINT": "host:9000"})

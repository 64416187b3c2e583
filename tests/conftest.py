"""What holds for every test: how properties are searched, and that the processes it starts can be interrupted."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# The same examples in every run, however slow or busy the machine: a change is what makes a test fail, and nothing
# else. `pytest --hypothesis-profile=default` draws others.
settings.register_profile(
    "codesearch", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("codesearch")


def _go_on(number: int, frame: object) -> None:
    pass


# A shell starts what runs in the background with SIGINT ignored, and that is handed down to all processes that are
# started from it. A handler is not: they begin with the default, while this process still goes on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, _go_on)

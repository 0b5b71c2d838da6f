"""Real servers for a person: `python -m tests.servers redmine rt postgres`. Prints what one needs; Ctrl-C ends them."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack

from tests.servers.common import ServerFailed, ServerUnavailable
from tests.servers.postgres import running_postgres
from tests.servers.redmine import RedmineServer, running_redmine
from tests.servers.rt import running_rt


def start_redmine(stack: ExitStack, options: argparse.Namespace) -> dict[str, str]:
    server = stack.enter_context(running_redmine(mail=options.mail))
    if options.mail:
        stack.callback(show_mails, server)
    keys = {f"REDMINE_KEY_{login.upper().replace('-', '_')}": person.key for login, person in server.people.items()}
    return {
        "REDMINE_URL": server.url,
        "REDMINE_VERSION": server.version,
        "REDMINE_PARENT": server.parent_project,
        **keys,
    }


def start_rt(stack: ExitStack, options: argparse.Namespace) -> dict[str, str]:
    hook = {"hook_url": options.hook_url, "hook_secret": options.hook_secret}
    server = stack.enter_context(running_rt(timezone=options.timezone, **hook))
    return {
        "RT_URL": server.url,
        "RT_REST": server.rest_url,
        "RT_TOKEN": server.token,
        "RT_QUEUE": server.queue,
        "RT_LOGINS": f"alice bob root, password {server.password}",
    }


def start_postgres(stack: ExitStack, options: argparse.Namespace) -> dict[str, str]:
    return {"POSTGRES_URL": stack.enter_context(running_postgres()).create_database()}


def show_mails(server: RedmineServer) -> None:
    for mail in server.mails():
        print(f"mail to {', '.join(mail.recipients)}: {mail.subject}", flush=True)


STARTERS = {"redmine": start_redmine, "rt": start_rt, "postgres": start_postgres}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("server", nargs="+", choices=STARTERS)
    parser.add_argument(
        "--mail", action="store_true", help="Redmine notifies as by default; mails are shown when it ends"
    )
    parser.add_argument("--hook-url", help="RT posts each change of a ticket there")
    parser.add_argument("--hook-secret", default="hook-secret")
    parser.add_argument("--timezone", default="UTC", help="of the bridge's account in RT")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        try:
            for name in options.server:
                for key, value in STARTERS[name](stack, options).items():
                    print(f"{key}={value}", flush=True)
            print("Ctrl-C ends it", file=sys.stderr, flush=True)
            signal.pause()
        except (ServerUnavailable, ServerFailed) as why:
            print(why, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())

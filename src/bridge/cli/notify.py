"""`notify`: whether channels work, and who is told of what."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.app import Use
from bridge.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, actor, open_app
from bridge.cli.output import print_json, print_table, say
from bridge.model.errors import RemoteUnavailable, WrongArgument
from bridge.model.notice import Message, NoticeKind
from bridge.yamlfile import did_you_mean

commands = typer.Typer(no_args_is_help=True, help="How people are told: channels and routes.")


@commands.command("test")
def send_test(
    channel: Annotated[str, typer.Argument(help="A channel of the settings.")],
    to: Annotated[str, typer.Option("--to", help="A person of the directory, or a mail address.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Sends one message by a channel now, and says what the service answered."""
    with open_app(config, Use.NOTHING) as app:
        settings = app.configuration.settings.notify
        options = settings.channels.get(channel)
        if options is None:
            raise WrongArgument(f"channel {channel}", "is not configured.", did_you_mean(channel, settings.channels))
        directory = app.configuration.directory
        person = directory.person(to)
        address = person.mail if person else to if "@" in to else ""
        if to and person is None and not address:
            advice = did_you_mean(to, [one.key for one in directory.people.values() if one.active], "people are")
            raise WrongArgument(f"person {to}", "is not in the directory.", advice)
        if options.personal and not address:
            raise WrongArgument(f"channel {channel}", "needs somebody to write to.", "Say --to PERSON or --to ADDRESS.")
        language = (person.language if person else "") or options.language
        now = app.clock.now()
        text = app.configuration.texts.render("notice_test", language, channel=channel, actor=actor())
        subject, _, body = text.partition("\n")
        mention = options.mentions.get(to, "")
        key = f"test:{channel}:{now.isoformat()}"
        mentions = (mention,) if mention else ()
        message = Message(key, subject, body.strip(), now, address if options.personal else "", mentions)
        try:
            app.notifiers[channel].send(message)
        except RemoteUnavailable as error:
            raise _not_again(error) from None
    if as_json:
        print_json("bridge/notify-test/1", channel=channel, to=address or None, sent=True)
    else:
        say(f"The service took it{f' for {address}' if options.personal else ''}: look whether it is there.")


def _not_again(error: RemoteUnavailable) -> RemoteUnavailable:
    """The same without the queue's promise: nothing repeats a test."""
    advice = "" if "tried again" in error.advice else f"{error.advice} "
    say_again = "The test was not sent and is not tried again: say it anew. Messages of routes are tried again."
    return type(error)(error.where, error.what, advice + say_again, retry_after=error.retry_after)


@commands.command()
def events(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Lists what can be told, and who is told of it by which channel."""
    with open_app(config, Use.NOTHING) as app:
        routes = app.configuration.settings.notify.routes
    rows = []
    for kind in NoticeKind:
        ways = [
            {
                "to": list(route.to),
                "channels": list(route.channels),
                "priorities": list(route.priorities),
                "digest": route.digest,
                "quiet_hours": route.quiet_hours,
            }
            for route in routes
            if kind in route.kinds
        ]
        rows.append({"event": str(kind), "routes": ways})
    if as_json:
        print_json("bridge/notify-events/1", events=rows)
        return
    print_table(("event", "who is told"), [(row["event"], _told(row["routes"])) for row in rows], empty="")


def _told(ways: object) -> str:
    if not isinstance(ways, list) or not ways:
        return "nobody"
    told = []
    for way in ways:
        more = " in a digest" if way["digest"] else ""
        only = f" (priority {', '.join(map(str, way['priorities']))})" if way["priorities"] else ""
        told.append(f"{', '.join(way['to'])} by {', '.join(way['channels'])}{more}{only}")
    return "; ".join(told)

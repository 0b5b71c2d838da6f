"""Who is who, and who stands in for whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.calendar.business import BusinessCalendar
from bridge.calendar.spec import OFF, CalendarSpec, Span
from bridge.directory.directory import Assignment, Directory, Person, Team

BERLIN = BusinessCalendar(CalendarSpec("berlin", "Europe/Berlin", ((Span(480, 960),),) * 5 + (OFF,) * 2))


def directory() -> Directory:
    return Directory(
        people=[
            Person("jane", "Jane Doe", {"rt": "Jane"}, "jane", 1),
            Person("mia", "Mia Wolf", {"rt": "mia", "sn": "mwolf"}, "mia", 2),
            Person("ben", "", {"rt": "ben"}, "ben", 3),
            Person("new", "", {"rt": "new"}),
            Person("gone", "", {"rt": "gone"}, "gone", 5, active=False),
            Person("lone", "", {}, "lone", 6, active=False),
        ],
        teams=[
            Team("operations", lead="jane", calendar="berlin"),
            Team("network", members=("ben", "gone", "new"), lead="mia", deputy="ben", parent="operations"),
            Team("routers", members=("ben",), lead="gone", parent="network", names={"rt": "Routers", "sn": "R&S"}),
        ],
        services=[
            Assignment("network", service="Network"),
            Assignment("routers", service="Network", site="Berlin"),
            Assignment("operations", category="Hardware"),
            Assignment("network", category="Hardware", site="Ulm"),
        ],
        calendars={"berlin": BERLIN},
    )


def whats(found) -> list[str]:
    return [problem.what for problem in found.reports]


def test_people_are_found_by_key_login_and_redmine_id():
    people = directory()
    assert people.person("mia") is people.person_by_login("sn", "MWOLF") is people.person_by_redmine(2)
    assert people.person_by_login("rt", "mwolf") is None, "a login of another source"
    assert people.person("nobody") is people.person_by_redmine(99) is None
    assert (people.redmine_id("mia"), people.redmine_id("new"), people.redmine_id("nobody")) == (2, None, None)
    assert (people.login_of("mia", "sn"), people.login_of("jane", "sn"), people.login_of("x", "rt")) == (
        "mwolf",
        "",
        "",
    )
    assert (people.person("jane").display, people.person("ben").display) == ("Jane Doe", "ben")


def test_a_person_who_can_work_needs_no_stand_in():
    found = directory().stand_in("ben")
    assert (found.person.key, found.reports) == ("ben", ())


def test_a_team_resolves_to_its_lead_then_its_deputy_then_upwards():
    people = directory()
    assert people.stand_in("network").person.key == "mia"
    locked = people.stand_in("network", frozenset({2}))
    assert locked.person.key == "ben"
    assert whats(locked) == [
        "Mia Wolf has Redmine account 2, which is locked or cannot be used.",
        "ben (deputy of network) stands in for network.",
    ]
    up = people.stand_in("routers")
    assert up.person.key == "mia"
    assert whats(up) == [
        "gone is no longer active in the directory.",
        "Mia Wolf (lead of network) stands in for routers.",
    ]


def test_a_leaver_falls_through_to_the_lead_of_the_team_and_every_step_is_reported():
    found = directory().stand_in("gone", frozenset({2, 3}))
    assert found.person.key == "jane"
    assert whats(found) == [
        "gone is no longer active in the directory.",
        "Mia Wolf has Redmine account 2, which is locked or cannot be used.",
        "ben has Redmine account 3, which is locked or cannot be used.",
        "Jane Doe (lead of operations) stands in for gone.",
    ]
    assert all(problem.severity == "warning" for problem in found.reports)


def test_a_person_without_a_redmine_id_is_reported_and_never_guessed():
    found = directory().stand_in("new")
    assert found.person.key == "mia"
    assert whats(found)[0] == "new has no Redmine id in the directory."


def test_nobody_is_found_when_the_whole_chain_is_locked_or_there_is_no_team():
    people = directory()
    nobody = people.stand_in("network", frozenset({1, 2, 3}))
    assert nobody.person is None
    assert whats(nobody)[-1] == "there is nobody to ask for team network up to the top team."
    assert people.stand_in("lone").person is None
    unknown = people.stand_in("jnae")
    assert unknown.person is None
    assert whats(unknown) == ["there is no person or team “jnae”."]


def test_members_are_people_of_teams_once_each_and_the_rest_is_reported():
    found = directory().members_of(["jane", "network", "routers", "jnae"])
    assert [person.key for person in found.people] == ["jane", "mia", "ben"]
    assert sorted(whats(found)) == [
        "gone is no longer active in the directory.",
        "new has no Redmine id in the directory.",
        "there is no person or team “jnae”.",
    ]
    assert [person.key for person in directory().members_of(["network"], frozenset({2})).people] == ["ben"]


def test_the_team_of_an_incident_is_the_one_at_the_source_else_by_service_and_site():
    people = directory()
    assert people.team_of(source="rt", source_team="routers", service="Network").key == "routers"
    assert people.team_of(source="sn", source_team="r&s").key == "routers"
    assert people.team_of(source="sn", source_team="Routers") is None
    assert people.team_of(source="rt", source_team="Unknown", service="network", site="berlin").key == "routers"
    assert people.team_of(service="Network", site="Ulm").key == "network"
    assert people.team_of(category="hardware", site="Ulm").key == "network"
    assert people.team_of(service="Mail", category="Hardware").key == "operations"
    assert people.team_of(service="Mail") is people.team_of() is None


def test_chains_go_upwards_and_calendars_are_inherited():
    people = directory()
    assert [team.key for team in people.chain("routers")] == ["routers", "network", "operations"]
    assert people.chain("nothing") == ()
    assert people.calendar_of("routers") is people.calendar_of("ben") is people.calendar("berlin") is BERLIN
    assert people.calendar_of("lone").name == people.calendar("nothing").name == "default"
    assert people.team_of_person("ben").key == "network"
    assert people.team_of_person("mia").key == "network", "a lead who is no member"
    assert people.team_of_person("lone") is None


def test_an_empty_directory_answers_everything():
    empty = Directory()
    assert empty.stand_in("jane").person is None
    assert empty.members_of(["jane"]).people == ()
    assert not empty.knows("jane")


NAMES = st.sampled_from(["a", "b", "c", "d", ""])


@given(
    st.lists(st.builds(Team, st.sampled_from("tuvw"), members=st.tuples(NAMES, NAMES), lead=NAMES, deputy=NAMES,
                       parent=st.sampled_from(["t", "u", "v", "w", ""])), max_size=4),
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.none() | st.integers(1, 9), st.booleans())),
    st.frozensets(st.integers(1, 9)),
    st.sampled_from("abcdtuvwx"),
)  # fmt: skip
def test_whoever_is_found_can_work_and_circles_of_parents_do_no_harm(teams, people, locked, name):
    made = Directory([Person(key, redmine_id=i, active=active) for key, (i, active) in people.items()], teams)
    found = made.stand_in(name, locked)
    if found.person is None:
        assert found.reports
    else:
        assert found.person.active
        assert found.person.redmine_id not in {None, *locked}
        assert bool(found.reports) == (
            (name in people and found.person.key != name)
            or (name not in people and not _first_asked(made, name, found.person.key))
        )  # fmt: skip
    assert len(made.chain(name)) <= 4
    assert all(person.redmine_id not in locked for person in made.members_of([name], locked).people)


def _first_asked(directory: Directory, team: str, key: str) -> bool:
    """Whether the person is the first in the team's chain who exists at all."""
    asked = [name for one in directory.chain(team) for name in (one.lead, one.deputy) if name in directory.people]
    return asked[0] == key

"""Plans which files are to be copied to the other side, and says why others are not. Pure: decides, never acts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bridge.model.files import CarriedFile, Outcome, RemoteFile
from bridge.sync.merge import Side

PROGRAMS = ("*.bat", "*.cmd", "*.com", "*.exe", "*.js", "*.jse", "*.lnk", "*.msi", "*.ps1", "*.scr", "*.vbe", "*.vbs")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What is carried: files of up to `most_bytes` whose name matches no pattern in `refused` (in lower case).

    `to_project`: an incident's files are copied to its issue, those of private notes only with `private_to_project`,
    for whoever sees the issue can open them there.
    """

    to_incident: bool = True
    to_project: bool = False
    private_to_project: bool = False
    most_bytes: int = 10 * 1024 * 1024
    refused: tuple[str, ...] = PROGRAMS


@dataclass(frozen=True, slots=True)
class FileCopy:
    """A file that is to be copied to a side."""

    side: Side
    file: RemoteFile


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What to copy, and what a person should know about files that stay where they are."""

    copies: tuple[FileCopy, ...] = ()
    reports: tuple[str, ...] = ()


def plan_files(
    of_issue: Sequence[RemoteFile],
    of_incident: Sequence[RemoteFile],
    known: Iterable[CarriedFile],
    limits: FileLimits,
    *,
    public: bool,
) -> FilePlan:
    """The plan for one link. What is known of a file is final, so that nothing is tried for ever.

    `public`: what is copied to the incident can be read by its caller; then no private file goes there. A side's files
    that are copies from the other side are left out.
    """
    known = list(known)
    done = {(one.side, one.remote_id) for one in known}
    copies = {(_other(one.side), one.copy_id) for one in known if one.copy_id}
    found: list[FileCopy] = []
    reports = [_refused(one.side, one.name, one.why) for one in known if one.outcome is Outcome.REFUSED]
    for origin, target, files in (
        (Side.ISSUE, Side.INCIDENT, of_issue if limits.to_incident else ()),
        (Side.INCIDENT, Side.ISSUE, of_incident if limits.to_project else ()),
    ):
        for file in files:
            key = (str(origin), file.id)
            if key in done or key in copies:
                continue
            exposed = public if target is Side.INCIDENT else not limits.private_to_project
            why = refusal(file, limits) or (_leak(target) if file.private and exposed else "")
            if why:
                reports.append(_refused(str(origin), file.name, why))
            else:
                found.append(FileCopy(target, file))
    return FilePlan(tuple(found), tuple(reports))


def refusal(file: RemoteFile, limits: FileLimits) -> str:
    """Why a file is not to be carried by its size or name, "" when it is."""
    if file.size is not None and file.size > limits.most_bytes:
        return too_large(file.size, limits)
    name = file.name.casefold()
    if any(fnmatchcase(name, pattern) for pattern in limits.refused):
        return "files of its kind are not carried (`attachments.refuse`)"
    return ""


def too_large(size: int | None, limits: FileLimits) -> str:
    """That a file has more bytes than are carried."""
    has = f"it has {size} bytes, and" if size is not None else "it is too large:"
    return f"{has} at most {limits.most_bytes} are carried (`attachments.max_size`)"


def _leak(target: Side) -> str:
    if target is Side.INCIDENT:
        return "it is private here, and there its caller could open it"
    return "it came with a private note, and everybody who sees the issue could open it (`attachments.private`)"


def _refused(origin: str, name: str, why: str) -> str:
    return f"the file “{name}” stays on the {origin} alone: {why.rstrip('.')}."


def _other(side: str) -> str:
    return str(Side.ISSUE if side == Side.INCIDENT else Side.INCIDENT)

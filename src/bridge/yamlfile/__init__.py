"""Files that people write: YAML 1.2 with the place of every value, and models checked against it.

Two steps: `load` or `parse` reads a file into a `Marked`, `validate` turns that into a pydantic model. Both return the
problems they found, all at once and with `file:line:column`; neither raises, whatever the file holds.
"""

from bridge.yamlfile.document import Marked, Path, load, parse
from bridge.yamlfile.nearest import did_you_mean
from bridge.yamlfile.validation import refused, validate
from bridge.yamlfile.written import written_names

__all__ = ["Marked", "Path", "did_you_mean", "load", "parse", "refused", "validate", "written_names"]

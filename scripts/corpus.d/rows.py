"""The rows: schemas, made from the catalogs of the server and from the files beside this one."""

import rows_extensions
import rows_kinds
import rows_names
import rows_projects
import rows_types


def collect(world, projects):
    """Every row, by name. `world` is a server that is thrown away."""
    found = [
        *rows_kinds.rows(world),
        *rows_names.rows(world),
        *rows_types.rows(world),
        *rows_extensions.rows(world),
        *rows_projects.rows(projects),
    ]
    return {row.name: row for row in found}

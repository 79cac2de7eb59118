"""Rows of public projects: PROJECTS/NAME is a clone or a copy of its migrations; projects.txt says the tool and the folder."""

from rows import Row


def rows(folder):
    return []

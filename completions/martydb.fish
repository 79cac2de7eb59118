complete --keep-order --exclusive --command martydb --arguments "(COMPLETE=fish martydb -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"

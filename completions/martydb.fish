# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_martydb_global_optspecs
    string join \n f/manifest= e/env= o/output= j/jobs= color= q/quiet v/verbose y/yes no-input lock-wait= h/help V/version
end

function __fish_martydb_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_martydb_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_martydb_using_subcommand
    set -l cmd (__fish_martydb_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c martydb -n "__fish_martydb_needs_command" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_needs_command" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_needs_command" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_needs_command" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_needs_command" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_needs_command" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_needs_command" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_needs_command" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_needs_command" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_needs_command" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_needs_command" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "init" -d 'Write a first manifest and folders'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "validate" -d 'Check the manifest and the migration files; needs no server'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "schema" -d 'Print the manifest\'s JSON Schema, or that of a command\'s result'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "doctor" -d 'Check the servers and the admin\'s privileges; changes nothing'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "plan" -d 'Show what apply would change, and why'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "apply" -d 'Create or update databases, roles, grants and settings to match the manifest'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "init-all" -d 'Apply, upgrade and verify-isolation for all services in one run'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "upgrade" -d 'Apply pending migrations'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "downgrade" -d 'Undo migrations, newest applied first'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "adopt" -d 'Declare a database that exists, with everybody who uses it, and show what apply would change'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "import" -d 'Write another tool\'s migrations as the service\'s own'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "baseline" -d 'Record versions as applied without running them, for a database that exists already'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "repair" -d 'Accept edited files and clear failed records, after showing which'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "current" -d 'Show the version of each service'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "history" -d 'Show every migration run: who, when, how long, how it ended'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "status" -d 'Show where each service stands'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "revision" -d 'Write the next migration and its down file'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "squash" -d 'Write one checkpoint file that new databases start from, in place of the first migrations'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "lint" -d 'Find dangerous DDL in migrations that are not applied yet'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "verify-down" -d 'Prove on a scratch database that down files undo what up files do'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "diff" -d 'Compare the schemas of two environments, or of files and database'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "verify-isolation" -d 'Prove by logging in that no service reaches another\'s database'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "explain" -d 'Say what a finding of verify-isolation or a rule of lint means'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "test-connections" -d 'Log in as every role of every service'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "test-db" -d 'Make a migrated database for tests from a template, and print its connection string'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "url" -d 'Print a connection string, password included'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "psql" -d 'Open psql as a service\'s login'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "exec" -d 'Run a program with a service\'s login in its environment'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "drop" -d 'Remove a service\'s database and roles'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "rotate" -d 'Give logins new passwords'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "secrets" -d 'Carry the logins\' passwords to and from other places'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "dev" -d 'Start, stop, show or delete the embedded servers'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "logs" -d 'Print what the embedded servers wrote to their logs'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "config" -d 'Print the manifest as martydb understands it, and where each value comes from'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "completions" -d 'Print a shell\'s completions'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "man" -d 'Print the man page'
complete -c martydb -n "__fish_martydb_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c martydb -n "__fish_martydb_using_subcommand init" -s s -l service -d 'A service; may be repeated. Asked for on a terminal if none is given' -r
complete -c martydb -n "__fish_martydb_using_subcommand init" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand init" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand init" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand init" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand init" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand init" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand init" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand init" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand init" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand init" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand init" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand validate" -l against -d 'Also find what conflicts with this branch: older or taken versions, edited and removed files' -r
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand validate" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand validate" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand validate" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand validate" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand schema" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand schema" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand schema" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand schema" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l out -d 'Save the plan, without secrets, for `apply --plan`' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l out-sql -d 'Write what the admin may not do as SQL for a DBA' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l check -d 'Exit with 3 if anything differs'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l check-logins -d 'Also try every stored password'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l prune -d 'Also remove what is not declared'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l summary -d 'One line for each service in place of one for each change'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand plan" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l plan -d 'Apply exactly this plan, saved by `plan --out`; refused if it no longer fits' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l prune -d 'Also remove what is not declared: rights of others on what is managed, and roles and databases that carry this manifest\'s marker'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l check-logins -d 'Also try every stored password, and set those again that the server refuses'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l reset-passwords -d 'Replace the passwords of roles that exist and that the secret store does not know'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l new-database -d 'Make an empty database also where one that this manifest made belongs to no service any more'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand apply" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -l reset-passwords -d 'Replace the passwords of roles that exist and that the secret store does not know'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -l new-database -d 'Make an empty database also where one that this manifest made belongs to no service any more'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand init-all" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l to -d 'The last version to apply' -r
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l dry-run -d 'Say what would be applied, and write nothing'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l rehearse -d 'Run it in one transaction on the database and roll it back; say what it locks, rewrites and breaks'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l allow-out-of-order -d 'Also apply files that are older than what is applied'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand upgrade" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l to -d 'Undo everything above this version; 0 is everything' -r
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l steps -d 'Number of migrations to undo [default: 1]' -r
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l dry-run -d 'Print what would be run, and write nothing'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand downgrade" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l database -d 'Its database [default: what the manifest says]' -r
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l server -d 'The server of the manifest that has it [default: what the manifest says]' -r
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l dry-run -d 'Write nothing, and show how the manifest would change'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l no-baseline -d 'Leave the first migration out of the commands that come next'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand adopt" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand import" -l from -d 'The tool whose files these are' -r -f -a "diesel\t''
sqlx\t''
goose\t''
dbmate\t''
golang-migrate\t''
updown\t''
flyway\t''
prisma\t''
alembic\t''
node-pg-migrate\t''
rails\t''"
complete -c martydb -n "__fish_martydb_using_subcommand import" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand import" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand import" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand import" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand import" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand import" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand import" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand import" -l skip -d 'Leave out what cannot be carried over'
complete -c martydb -n "__fish_martydb_using_subcommand import" -l dry-run -d 'Write nothing, and show each file'
complete -c martydb -n "__fish_martydb_using_subcommand import" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand import" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand import" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand import" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand import" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -l at -d 'The last version that the database has already' -r
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -l from-database -d 'Write the first migration from the database itself, with pg_dump, and record it'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand baseline" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand repair" -l version -d 'Only this version; default: everything that needs it' -r
complete -c martydb -n "__fish_martydb_using_subcommand repair" -l reason -d 'Why; it goes into the history' -r
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand repair" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand repair" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand repair" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand current" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand current" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand current" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand current" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand current" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand current" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand current" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand current" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand current" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand current" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand current" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand current" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand current" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand current" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand history" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand history" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand history" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand history" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand history" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand history" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand history" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand history" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand history" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand history" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand history" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand history" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand history" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand status" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand status" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand status" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand status" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand status" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand status" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand status" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand status" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand status" -l drift -d 'Also compare the server with the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand status" -l check -d 'Compare both, and exit with 3 unless all is up to date'
complete -c martydb -n "__fish_martydb_using_subcommand status" -l size -d 'Also show the size on disk, for which the server looks at every file; `-o json` always does'
complete -c martydb -n "__fish_martydb_using_subcommand status" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand status" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand status" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand status" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand status" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s m -l message -d 'What the migration does; its file name is made from it' -r
complete -c martydb -n "__fish_martydb_using_subcommand revision" -l template -d 'What the files start from: blank, outbox, or NAME.sql in templates/ beside the manifest' -r
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand revision" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand revision" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand revision" -l timestamp -d 'Make the version from the time (UTC), such as 20261121141500'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand revision" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand squash" -l to -d 'The last version that goes into the checkpoint' -r
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand squash" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand squash" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand squash" -l remove -d 'Remove the files that it replaces, once it is proven'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand squash" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand lint" -l since -d 'Take everything up to this version as applied, and ask no server; 0 is nothing' -r
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand lint" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand lint" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand lint" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand lint" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -l version -d 'Check this version; may be repeated [default: those that are pending]' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -l every -d 'Check every version in the folder'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand verify-down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand diff" -l from -d 'An environment, `database` (of this environment) or `files` (a scratch database made from them)' -r
complete -c martydb -n "__fish_martydb_using_subcommand diff" -l to -d 'What it is compared with; the same choices' -r
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand diff" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand diff" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand diff" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand diff" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l format -d 'How the result is printed; wins over --output' -r -f -a "table\t'For people'
json\t'One JSON document'
junit\t'JUnit\'s XML: one test case for each probe and finding'
markdown\t'For a job\'s summary'
opengraph\t'What every login can reach, as JSON that BloodHound imports'
dot\t'The same for Graphviz'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l probes -d 'Which logins are tried: all, each at one foreign database, all one at a time without a wrong password, or none' -r -f -a "full\t'Every login at every database'
sample\t'Every login at its own database and one foreign one'
gentle\t'Every login at every database, one at a time: no wrong password, no statement that must be refused'
none\t'None: the catalogues alone'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l min-severity -d 'Report findings of this severity and above only' -r -f -a "low\t'Worth knowing'
medium\t'Some login can do what it was not given'
high\t'A service\'s data is one step away'
critical\t'A service\'s data is within reach'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l only -d 'Report findings with this id only; may be repeated' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l baseline -d 'Accept the findings of this file, an earlier result as JSON' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l exhaustive -d 'Try every login at every database on every address, with and without its password, and for replication'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l fix -d 'Close the findings of medium and above that a statement closes, after asking, and look again'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l terminate -d 'End sessions that outlived a revoke, after asking, and look again'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l dry-run -d 'Show what --fix and --terminate would do, and do nothing'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l strict -d 'Exit with 4 if anything could not be looked at'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand verify-isolation" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand explain" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand explain" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand explain" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand explain" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand test-connections" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l role -d 'Which of its logins' -r -f -a "app\t'Reads and writes rows'
readonly\t'Reads rows'
migrator\t'Runs migrations'"
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l format -d 'Output format of the connection string' -r -f -a "uri\t'libpq\'s URI: psql, Go, Node, Ruby, Rust'
asyncpg\t'SQLAlchemy with asyncpg, also called sqlalchemy-asyncpg; asyncpg itself reads `uri`'
psycopg\t'SQLAlchemy with psycopg, also called sqlalchemy-psycopg; psycopg itself reads `uri`'
jdbc\t'Java'
npgsql\t'.NET'
env\t'PGHOST=\'…\' and so on, as quoted assignments'
shell\t'The same with `export`, for `eval "$(martydb url …)"`'
dotenv\t'The same without quotes, for Docker\'s --env-file'
pgpass\t'A line of ~/.pgpass for each host'"
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l drop -d 'Remove this test database with its sessions, and make none' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l list -d 'Show the service\'s test databases, and make none'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand test-db" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand url" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand url" -l role -d 'Which of its logins; default: app, and with --read-only readonly' -r -f -a "app\t'Reads and writes rows'
readonly\t'Reads rows'
migrator\t'Runs migrations'"
complete -c martydb -n "__fish_martydb_using_subcommand url" -l access -d 'A further login of the manifest (`access:`) instead' -r
complete -c martydb -n "__fish_martydb_using_subcommand url" -l server -d 'The server, with --admin' -r
complete -c martydb -n "__fish_martydb_using_subcommand url" -l format -d 'Output format' -r -f -a "uri\t'libpq\'s URI: psql, Go, Node, Ruby, Rust'
asyncpg\t'SQLAlchemy with asyncpg, also called sqlalchemy-asyncpg; asyncpg itself reads `uri`'
psycopg\t'SQLAlchemy with psycopg, also called sqlalchemy-psycopg; psycopg itself reads `uri`'
jdbc\t'Java'
npgsql\t'.NET'
env\t'PGHOST=\'…\' and so on, as quoted assignments'
shell\t'The same with `export`, for `eval "$(martydb url …)"`'
dotenv\t'The same without quotes, for Docker\'s --env-file'
pgpass\t'A line of ~/.pgpass for each host'"
complete -c martydb -n "__fish_martydb_using_subcommand url" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand url" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand url" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand url" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand url" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand url" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand url" -l read-only -d 'An address to read from, such as a replica; see `app_url` in the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand url" -l admin -d 'The admin of a server instead'
complete -c martydb -n "__fish_martydb_using_subcommand url" -l no-password -d 'Leave the password out'
complete -c martydb -n "__fish_martydb_using_subcommand url" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand url" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand url" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand url" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand url" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand url" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l role -d 'Which of its logins; default: app, and with --read-only readonly' -r -f -a "app\t'Reads and writes rows'
readonly\t'Reads rows'
migrator\t'Runs migrations'"
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l access -d 'A further login of the manifest (`access:`) instead' -r
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l server -d 'The server, with --admin' -r
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l read-only -d 'An address to read from, such as a replica; see `app_url` in the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l admin -d 'The admin of a server instead'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand psql" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l role -d 'Which of its logins; default: app, and with --read-only readonly' -r -f -a "app\t'Reads and writes rows'
readonly\t'Reads rows'
migrator\t'Runs migrations'"
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l access -d 'A further login of the manifest (`access:`) instead' -r
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l server -d 'The server, with --admin' -r
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l read-only -d 'An address to read from, such as a replica; see `app_url` in the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l admin -d 'The admin of a server instead'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand exec" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s s -l service -d 'The service' -r
complete -c martydb -n "__fish_martydb_using_subcommand drop" -l confirm -d 'The service\'s name once more, instead of typing it' -r
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand drop" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand drop" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand drop" -l adopted -d 'Also drop the database where it was there before this manifest'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -l dry-run -d 'Show what would be removed, and remove nothing'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand drop" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l role -d 'Only this login [default: all three, and further ones]' -r -f -a "app\t'Reads and writes rows'
readonly\t'Reads rows'
migrator\t'Runs migrations'"
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l access -d 'Only this further login of the manifest (`access:`)' -r
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l valid-until -d 'When the new password expires, such as 2027-01-31; `infinity` is never [default: as it is]' -r
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l overlap -d 'Bring a second login into use; the first stays good until --finish'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l finish -d 'Close the login that an overlap left behind'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand rotate" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -f -a "export" -d 'Show what is in the store and what it is called elsewhere; with --values, write the passwords to a file'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -f -a "import" -d 'Put passwords from a file into the store'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -f -a "move" -d 'Copy the whole store to another provider; the old one stays as it is'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and not __fish_seen_subcommand_from export import move help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l format -d 'What the passwords are for' -r -f -a "kubernetes\t'A Secret for each service: PGHOST, PGUSER, PGPASSWORD, DATABASE_URL and so on'
dotenv\t'Variables, by the names that the provider env reads'
json\t'All that is known of each login'
pgbouncer\t'The lines of PgBouncer\'s userlist.txt: the verifiers that the servers keep, asked for by logging in'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l role -d 'Only this login; may be repeated [default: app for kubernetes, all three for the others]' -r -f -a "app\t'Reads and writes rows'
readonly\t'Reads rows'
migrator\t'Runs migrations'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l out -d 'Where the passwords go: a file, made 0600, that others cannot read; `-` is standard output, unless it is a terminal' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l values -d 'Write the passwords themselves; without it only their names are shown'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -l from -d 'What the file is' -r -f -a "dotenv\t'NAME=value, by the names that `secrets export` gives and the provider env reads'
json\t'What `secrets export --format json` wrote'
kubernetes\t'Secrets that `secrets export --format kubernetes` made, as `kubectl get -o yaml` prints them'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -l replace -d 'Replace passwords that the store has otherwise; the servers\' stay as they are'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l to -d 'The new provider' -r -f -a "file\t'A YAML file'
command\t'A program, such as vault'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l path -d 'With file: its path, as the manifest writes it: below its folder, `{env}` filled in [default: .martydb/secrets/{env}.yaml]' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l get -d 'With command: the program that prints the password of `{role}`, such as \'vault kv get -field=password martydb/{env}/{role}\'; split into arguments as a shell does, and run without one' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l set -d 'With command: the program that reads the password on its standard input' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l timeout -d 'With command: how long one call may take [default: 10s]' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l absent-exit -d 'With command: the exit code with which `get` says that it has no such password; known for vault, sops, pass, aws, gcloud, az and kubectl' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l absent-stderr -d 'With command: what `get` says on standard error then' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l replace -d 'Replace passwords that the new store has otherwise'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from move" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from help" -f -a "export" -d 'Show what is in the store and what it is called elsewhere; with --values, write the passwords to a file'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from help" -f -a "import" -d 'Put passwords from a file into the store'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from help" -f -a "move" -d 'Copy the whole store to another provider; the old one stays as it is'
complete -c martydb -n "__fish_martydb_using_subcommand secrets; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -f -a "up" -d 'Create and start the servers'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -f -a "down" -d 'Stop the servers; data stays'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -f -a "status" -d 'Show the servers'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -f -a "destroy" -d 'Stop the servers and delete their data'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -f -a "psql" -d 'Open psql as the superuser of one server'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and not __fish_seen_subcommand_from up down status destroy psql help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from up" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from down" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from destroy" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from psql" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "up" -d 'Create and start the servers'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "down" -d 'Stop the servers; data stays'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show the servers'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "destroy" -d 'Stop the servers and delete their data'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "psql" -d 'Open psql as the superuser of one server'
complete -c martydb -n "__fish_martydb_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -l server -d 'One server of the manifest [default: all embedded ones]' -r
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s n -l lines -d 'How many lines of each, counted from the end' -r
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand logs" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand logs" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand logs" -l follow -d 'Go on with what comes, until a signal'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand logs" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand config" -s s -l service -d 'Service to work on; may be repeated, or hold several names with commas between' -r
complete -c martydb -n "__fish_martydb_using_subcommand config" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand config" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand config" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand config" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand config" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand config" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand config" -l all -d 'All services of the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand config" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand config" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand config" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand config" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand config" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand completions" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand completions" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand completions" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand completions" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand man" -s f -l manifest -d 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]' -r -F
complete -c martydb -n "__fish_martydb_using_subcommand man" -s e -l env -d 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml' -r
complete -c martydb -n "__fish_martydb_using_subcommand man" -s o -l output -d 'How results are printed' -r -f -a "table\t'For people'
json\t'One JSON document'"
complete -c martydb -n "__fish_martydb_using_subcommand man" -s j -l jobs -d 'How many services to work on at the same time' -r
complete -c martydb -n "__fish_martydb_using_subcommand man" -l color -d 'When to use colour [default: auto; NO_COLOR counts]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c martydb -n "__fish_martydb_using_subcommand man" -l lock-wait -d 'How long to wait for another run\'s lock' -r
complete -c martydb -n "__fish_martydb_using_subcommand man" -s q -l quiet -d 'Suppress informational output'
complete -c martydb -n "__fish_martydb_using_subcommand man" -s v -l verbose -d 'Log what happens; -vv logs every statement, secrets redacted'
complete -c martydb -n "__fish_martydb_using_subcommand man" -s y -l yes -d 'Answer yes to questions'
complete -c martydb -n "__fish_martydb_using_subcommand man" -l no-input -d 'Never prompt; fail when input would be required'
complete -c martydb -n "__fish_martydb_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c martydb -n "__fish_martydb_using_subcommand man" -s V -l version -d 'Print version'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "init" -d 'Write a first manifest and folders'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "validate" -d 'Check the manifest and the migration files; needs no server'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "schema" -d 'Print the manifest\'s JSON Schema, or that of a command\'s result'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "doctor" -d 'Check the servers and the admin\'s privileges; changes nothing'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "plan" -d 'Show what apply would change, and why'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "apply" -d 'Create or update databases, roles, grants and settings to match the manifest'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "init-all" -d 'Apply, upgrade and verify-isolation for all services in one run'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "upgrade" -d 'Apply pending migrations'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "downgrade" -d 'Undo migrations, newest applied first'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "adopt" -d 'Declare a database that exists, with everybody who uses it, and show what apply would change'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "import" -d 'Write another tool\'s migrations as the service\'s own'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "baseline" -d 'Record versions as applied without running them, for a database that exists already'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "repair" -d 'Accept edited files and clear failed records, after showing which'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "current" -d 'Show the version of each service'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "history" -d 'Show every migration run: who, when, how long, how it ended'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "status" -d 'Show where each service stands'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "revision" -d 'Write the next migration and its down file'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "squash" -d 'Write one checkpoint file that new databases start from, in place of the first migrations'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "lint" -d 'Find dangerous DDL in migrations that are not applied yet'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "verify-down" -d 'Prove on a scratch database that down files undo what up files do'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "diff" -d 'Compare the schemas of two environments, or of files and database'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "verify-isolation" -d 'Prove by logging in that no service reaches another\'s database'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "explain" -d 'Say what a finding of verify-isolation or a rule of lint means'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "test-connections" -d 'Log in as every role of every service'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "test-db" -d 'Make a migrated database for tests from a template, and print its connection string'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "url" -d 'Print a connection string, password included'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "psql" -d 'Open psql as a service\'s login'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "exec" -d 'Run a program with a service\'s login in its environment'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "drop" -d 'Remove a service\'s database and roles'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "rotate" -d 'Give logins new passwords'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "secrets" -d 'Carry the logins\' passwords to and from other places'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "dev" -d 'Start, stop, show or delete the embedded servers'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "logs" -d 'Print what the embedded servers wrote to their logs'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "config" -d 'Print the manifest as martydb understands it, and where each value comes from'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "completions" -d 'Print a shell\'s completions'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "man" -d 'Print the man page'
complete -c martydb -n "__fish_martydb_using_subcommand help; and not __fish_seen_subcommand_from init validate schema doctor plan apply init-all upgrade downgrade adopt import baseline repair current history status revision squash lint verify-down diff verify-isolation explain test-connections test-db url psql exec drop rotate secrets dev logs config completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from secrets" -f -a "export" -d 'Show what is in the store and what it is called elsewhere; with --values, write the passwords to a file'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from secrets" -f -a "import" -d 'Put passwords from a file into the store'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from secrets" -f -a "move" -d 'Copy the whole store to another provider; the old one stays as it is'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "up" -d 'Create and start the servers'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "down" -d 'Stop the servers; data stays'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "status" -d 'Show the servers'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "destroy" -d 'Stop the servers and delete their data'
complete -c martydb -n "__fish_martydb_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "psql" -d 'Open psql as the superuser of one server'

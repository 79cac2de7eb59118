
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'martydb' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'martydb'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'martydb' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a first manifest and folders')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check the manifest and the migration files; needs no server')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the manifest''s JSON Schema, or that of a command''s result')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check the servers and the admin''s privileges; changes nothing')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what apply would change, and why')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Create or update databases, roles, grants and settings to match the manifest')
            [CompletionResult]::new('init-all', 'init-all', [CompletionResultType]::ParameterValue, 'Apply, upgrade and verify-isolation for all services in one run')
            [CompletionResult]::new('upgrade', 'upgrade', [CompletionResultType]::ParameterValue, 'Apply pending migrations')
            [CompletionResult]::new('downgrade', 'downgrade', [CompletionResultType]::ParameterValue, 'Undo migrations, newest applied first')
            [CompletionResult]::new('adopt', 'adopt', [CompletionResultType]::ParameterValue, 'Declare a database that exists, with everybody who uses it, and show what apply would change')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Write another tool''s migrations as the service''s own')
            [CompletionResult]::new('baseline', 'baseline', [CompletionResultType]::ParameterValue, 'Record versions as applied without running them, for a database that exists already')
            [CompletionResult]::new('repair', 'repair', [CompletionResultType]::ParameterValue, 'Accept edited files and clear failed records, after showing which')
            [CompletionResult]::new('current', 'current', [CompletionResultType]::ParameterValue, 'Show the version of each service')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Show every migration run: who, when, how long, how it ended')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show where each service stands')
            [CompletionResult]::new('revision', 'revision', [CompletionResultType]::ParameterValue, 'Write the next migration and its down file')
            [CompletionResult]::new('squash', 'squash', [CompletionResultType]::ParameterValue, 'Write one checkpoint file that new databases start from, in place of the first migrations')
            [CompletionResult]::new('lint', 'lint', [CompletionResultType]::ParameterValue, 'Find dangerous DDL in migrations that are not applied yet')
            [CompletionResult]::new('verify-down', 'verify-down', [CompletionResultType]::ParameterValue, 'Prove on a scratch database that down files undo what up files do')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Compare the schemas of two environments, or of files and database')
            [CompletionResult]::new('verify-isolation', 'verify-isolation', [CompletionResultType]::ParameterValue, 'Prove by logging in that no service reaches another''s database')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a finding of verify-isolation or a rule of lint means')
            [CompletionResult]::new('test-connections', 'test-connections', [CompletionResultType]::ParameterValue, 'Log in as every role of every service')
            [CompletionResult]::new('test-db', 'test-db', [CompletionResultType]::ParameterValue, 'Make a migrated database for tests from a template, and print its connection string')
            [CompletionResult]::new('url', 'url', [CompletionResultType]::ParameterValue, 'Print a connection string, password included')
            [CompletionResult]::new('psql', 'psql', [CompletionResultType]::ParameterValue, 'Open psql as a service''s login')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a program with a service''s login in its environment')
            [CompletionResult]::new('drop', 'drop', [CompletionResultType]::ParameterValue, 'Remove a service''s database and roles')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give logins new passwords')
            [CompletionResult]::new('secrets', 'secrets', [CompletionResultType]::ParameterValue, 'Carry the logins'' passwords to and from other places')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Start, stop, show or delete the embedded servers')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print what the embedded servers wrote to their logs')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Print the manifest as martydb understands it, and where each value comes from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completions')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'martydb;init' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'A service; may be repeated. Asked for on a terminal if none is given')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'A service; may be repeated. Asked for on a terminal if none is given')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;validate' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Also find what conflicts with this branch: older or taken versions, edited and removed files')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;schema' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;doctor' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;plan' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Save the plan, without secrets, for `apply --plan`')
            [CompletionResult]::new('--out-sql', '--out-sql', [CompletionResultType]::ParameterName, 'Write what the admin may not do as SQL for a DBA')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Exit with 3 if anything differs')
            [CompletionResult]::new('--check-logins', '--check-logins', [CompletionResultType]::ParameterName, 'Also try every stored password')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Also remove what is not declared')
            [CompletionResult]::new('--summary', '--summary', [CompletionResultType]::ParameterName, 'One line for each service in place of one for each change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;apply' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--plan', '--plan', [CompletionResultType]::ParameterName, 'Apply exactly this plan, saved by `plan --out`; refused if it no longer fits')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Also remove what is not declared: rights of others on what is managed, and roles and databases that carry this manifest''s marker')
            [CompletionResult]::new('--check-logins', '--check-logins', [CompletionResultType]::ParameterName, 'Also try every stored password, and set those again that the server refuses')
            [CompletionResult]::new('--reset-passwords', '--reset-passwords', [CompletionResultType]::ParameterName, 'Replace the passwords of roles that exist and that the secret store does not know')
            [CompletionResult]::new('--new-database', '--new-database', [CompletionResultType]::ParameterName, 'Make an empty database also where one that this manifest made belongs to no service any more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;init-all' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--reset-passwords', '--reset-passwords', [CompletionResultType]::ParameterName, 'Replace the passwords of roles that exist and that the secret store does not know')
            [CompletionResult]::new('--new-database', '--new-database', [CompletionResultType]::ParameterName, 'Make an empty database also where one that this manifest made belongs to no service any more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;upgrade' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The last version to apply')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be applied, and write nothing')
            [CompletionResult]::new('--rehearse', '--rehearse', [CompletionResultType]::ParameterName, 'Run it in one transaction on the database and roll it back; say what it locks, rewrites and breaks')
            [CompletionResult]::new('--allow-out-of-order', '--allow-out-of-order', [CompletionResultType]::ParameterName, 'Also apply files that are older than what is applied')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;downgrade' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Undo everything above this version; 0 is everything')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Number of migrations to undo [default: 1]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be run, and write nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;adopt' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--database', '--database', [CompletionResultType]::ParameterName, 'Its database [default: what the manifest says]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The server of the manifest that has it [default: what the manifest says]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing, and show how the manifest would change')
            [CompletionResult]::new('--no-baseline', '--no-baseline', [CompletionResultType]::ParameterName, 'Leave the first migration out of the commands that come next')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;import' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'The tool whose files these are')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Leave out what cannot be carried over')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing, and show each file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;baseline' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'The last version that the database has already')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--from-database', '--from-database', [CompletionResultType]::ParameterName, 'Write the first migration from the database itself, with pg_dump, and record it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;repair' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Only this version; default: everything that needs it')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why; it goes into the history')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'martydb;current' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;history' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;status' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--drift', '--drift', [CompletionResultType]::ParameterName, 'Also compare the server with the manifest')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Compare both, and exit with 3 unless all is up to date')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Also show the size on disk, for which the server looks at every file; `-o json` always does')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;revision' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'What the migration does; its file name is made from it')
            [CompletionResult]::new('--message', '--message', [CompletionResultType]::ParameterName, 'What the migration does; its file name is made from it')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'What the files start from: blank, outbox, or NAME.sql in templates/ beside the manifest')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'Make the version from the time (UTC), such as 20261121141500')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;squash' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The last version that goes into the checkpoint')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Remove the files that it replaces, once it is proven')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;lint' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Take everything up to this version as applied, and ask no server; 0 is nothing')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;verify-down' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Check this version; may be repeated [default: those that are pending]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Check every version in the folder')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'martydb;diff' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'An environment, `database` (of this environment) or `files` (a scratch database made from them)')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'What it is compared with; the same choices')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'martydb;verify-isolation' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed; wins over --output')
            [CompletionResult]::new('--probes', '--probes', [CompletionResultType]::ParameterName, 'Which logins are tried: all, each at one foreign database, all one at a time without a wrong password, or none')
            [CompletionResult]::new('--min-severity', '--min-severity', [CompletionResultType]::ParameterName, 'Report findings of this severity and above only')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Report findings with this id only; may be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Accept the findings of this file, an earlier result as JSON')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--exhaustive', '--exhaustive', [CompletionResultType]::ParameterName, 'Try every login at every database on every address, with and without its password, and for replication')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Close the findings of medium and above that a statement closes, after asking, and look again')
            [CompletionResult]::new('--terminate', '--terminate', [CompletionResultType]::ParameterName, 'End sessions that outlived a revoke, after asking, and look again')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what --fix and --terminate would do, and do nothing')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit with 4 if anything could not be looked at')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;explain' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;test-connections' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;test-db' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Which of its logins')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format of the connection string')
            [CompletionResult]::new('--drop', '--drop', [CompletionResultType]::ParameterName, 'Remove this test database with its sessions, and make none')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'Show the service''s test databases, and make none')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;url' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Which of its logins; default: app, and with --read-only readonly')
            [CompletionResult]::new('--access', '--access', [CompletionResultType]::ParameterName, 'A further login of the manifest (`access:`) instead')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The server, with --admin')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--read-only', '--read-only', [CompletionResultType]::ParameterName, 'An address to read from, such as a replica; see `app_url` in the manifest')
            [CompletionResult]::new('--admin', '--admin', [CompletionResultType]::ParameterName, 'The admin of a server instead')
            [CompletionResult]::new('--no-password', '--no-password', [CompletionResultType]::ParameterName, 'Leave the password out')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;psql' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Which of its logins; default: app, and with --read-only readonly')
            [CompletionResult]::new('--access', '--access', [CompletionResultType]::ParameterName, 'A further login of the manifest (`access:`) instead')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The server, with --admin')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--read-only', '--read-only', [CompletionResultType]::ParameterName, 'An address to read from, such as a replica; see `app_url` in the manifest')
            [CompletionResult]::new('--admin', '--admin', [CompletionResultType]::ParameterName, 'The admin of a server instead')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;exec' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Which of its logins; default: app, and with --read-only readonly')
            [CompletionResult]::new('--access', '--access', [CompletionResultType]::ParameterName, 'A further login of the manifest (`access:`) instead')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The server, with --admin')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--read-only', '--read-only', [CompletionResultType]::ParameterName, 'An address to read from, such as a replica; see `app_url` in the manifest')
            [CompletionResult]::new('--admin', '--admin', [CompletionResultType]::ParameterName, 'The admin of a server instead')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;drop' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'The service')
            [CompletionResult]::new('--confirm', '--confirm', [CompletionResultType]::ParameterName, 'The service''s name once more, instead of typing it')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--adopted', '--adopted', [CompletionResultType]::ParameterName, 'Also drop the database where it was there before this manifest')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be removed, and remove nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;rotate' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Only this login [default: all three, and further ones]')
            [CompletionResult]::new('--access', '--access', [CompletionResultType]::ParameterName, 'Only this further login of the manifest (`access:`)')
            [CompletionResult]::new('--valid-until', '--valid-until', [CompletionResultType]::ParameterName, 'When the new password expires, such as 2027-01-31; `infinity` is never [default: as it is]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'Bring a second login into use; the first stays good until --finish')
            [CompletionResult]::new('--finish', '--finish', [CompletionResultType]::ParameterName, 'Close the login that an overlap left behind')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;secrets' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Show what is in the store and what it is called elsewhere; with --values, write the passwords to a file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Put passwords from a file into the store')
            [CompletionResult]::new('move', 'move', [CompletionResultType]::ParameterValue, 'Copy the whole store to another provider; the old one stays as it is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'martydb;secrets;export' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'What the passwords are for')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Only this login; may be repeated [default: app for kubernetes, all three for the others]')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Where the passwords go: a file, made 0600, that others cannot read; `-` is standard output, unless it is a terminal')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('--values', '--values', [CompletionResultType]::ParameterName, 'Write the passwords themselves; without it only their names are shown')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;secrets;import' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'What the file is')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Replace passwords that the store has otherwise; the servers'' stay as they are')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;secrets;move' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The new provider')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'With file: its path, as the manifest writes it: below its folder, `{env}` filled in [default: .martydb/secrets/{env}.yaml]')
            [CompletionResult]::new('--get', '--get', [CompletionResultType]::ParameterName, 'With command: the program that prints the password of `{role}`, such as ''vault kv get -field=password martydb/{env}/{role}''; split into arguments as a shell does, and run without one')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'With command: the program that reads the password on its standard input')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'With command: how long one call may take [default: 10s]')
            [CompletionResult]::new('--absent-exit', '--absent-exit', [CompletionResultType]::ParameterName, 'With command: the exit code with which `get` says that it has no such password; known for vault, sops, pass, aws, gcloud, az and kubectl')
            [CompletionResult]::new('--absent-stderr', '--absent-stderr', [CompletionResultType]::ParameterName, 'With command: what `get` says on standard error then')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Replace passwords that the new store has otherwise')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;secrets;help' {
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Show what is in the store and what it is called elsewhere; with --values, write the passwords to a file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Put passwords from a file into the store')
            [CompletionResult]::new('move', 'move', [CompletionResultType]::ParameterValue, 'Copy the whole store to another provider; the old one stays as it is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'martydb;secrets;help;export' {
            break
        }
        'martydb;secrets;help;import' {
            break
        }
        'martydb;secrets;help;move' {
            break
        }
        'martydb;secrets;help;help' {
            break
        }
        'martydb;dev' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Create and start the servers')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Stop the servers; data stays')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the servers')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Stop the servers and delete their data')
            [CompletionResult]::new('psql', 'psql', [CompletionResultType]::ParameterValue, 'Open psql as the superuser of one server')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'martydb;dev;up' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;dev;down' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;dev;status' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;dev;destroy' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;dev;psql' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;dev;help' {
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Create and start the servers')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Stop the servers; data stays')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the servers')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Stop the servers and delete their data')
            [CompletionResult]::new('psql', 'psql', [CompletionResultType]::ParameterValue, 'Open psql as the superuser of one server')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'martydb;dev;help;up' {
            break
        }
        'martydb;dev;help;down' {
            break
        }
        'martydb;dev;help;status' {
            break
        }
        'martydb;dev;help;destroy' {
            break
        }
        'martydb;dev;help;psql' {
            break
        }
        'martydb;dev;help;help' {
            break
        }
        'martydb;logs' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'One server of the manifest [default: all embedded ones]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many lines of each, counted from the end')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'How many lines of each, counted from the end')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what comes, until a signal')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;config' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'Service to work on; may be repeated, or hold several names with commas between')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services of the manifest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;completions' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;man' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: martydb.yaml or services/manifest.yaml, here or above]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The environment: picks the overlay beside the manifest, such as martydb.testing.yaml')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many services to work on at the same time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto; NO_COLOR counts]')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lock')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Suppress informational output')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log what happens; -vv logs every statement, secrets redacted')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to questions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt; fail when input would be required')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'martydb;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a first manifest and folders')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check the manifest and the migration files; needs no server')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the manifest''s JSON Schema, or that of a command''s result')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check the servers and the admin''s privileges; changes nothing')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what apply would change, and why')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Create or update databases, roles, grants and settings to match the manifest')
            [CompletionResult]::new('init-all', 'init-all', [CompletionResultType]::ParameterValue, 'Apply, upgrade and verify-isolation for all services in one run')
            [CompletionResult]::new('upgrade', 'upgrade', [CompletionResultType]::ParameterValue, 'Apply pending migrations')
            [CompletionResult]::new('downgrade', 'downgrade', [CompletionResultType]::ParameterValue, 'Undo migrations, newest applied first')
            [CompletionResult]::new('adopt', 'adopt', [CompletionResultType]::ParameterValue, 'Declare a database that exists, with everybody who uses it, and show what apply would change')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Write another tool''s migrations as the service''s own')
            [CompletionResult]::new('baseline', 'baseline', [CompletionResultType]::ParameterValue, 'Record versions as applied without running them, for a database that exists already')
            [CompletionResult]::new('repair', 'repair', [CompletionResultType]::ParameterValue, 'Accept edited files and clear failed records, after showing which')
            [CompletionResult]::new('current', 'current', [CompletionResultType]::ParameterValue, 'Show the version of each service')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Show every migration run: who, when, how long, how it ended')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show where each service stands')
            [CompletionResult]::new('revision', 'revision', [CompletionResultType]::ParameterValue, 'Write the next migration and its down file')
            [CompletionResult]::new('squash', 'squash', [CompletionResultType]::ParameterValue, 'Write one checkpoint file that new databases start from, in place of the first migrations')
            [CompletionResult]::new('lint', 'lint', [CompletionResultType]::ParameterValue, 'Find dangerous DDL in migrations that are not applied yet')
            [CompletionResult]::new('verify-down', 'verify-down', [CompletionResultType]::ParameterValue, 'Prove on a scratch database that down files undo what up files do')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Compare the schemas of two environments, or of files and database')
            [CompletionResult]::new('verify-isolation', 'verify-isolation', [CompletionResultType]::ParameterValue, 'Prove by logging in that no service reaches another''s database')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a finding of verify-isolation or a rule of lint means')
            [CompletionResult]::new('test-connections', 'test-connections', [CompletionResultType]::ParameterValue, 'Log in as every role of every service')
            [CompletionResult]::new('test-db', 'test-db', [CompletionResultType]::ParameterValue, 'Make a migrated database for tests from a template, and print its connection string')
            [CompletionResult]::new('url', 'url', [CompletionResultType]::ParameterValue, 'Print a connection string, password included')
            [CompletionResult]::new('psql', 'psql', [CompletionResultType]::ParameterValue, 'Open psql as a service''s login')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a program with a service''s login in its environment')
            [CompletionResult]::new('drop', 'drop', [CompletionResultType]::ParameterValue, 'Remove a service''s database and roles')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give logins new passwords')
            [CompletionResult]::new('secrets', 'secrets', [CompletionResultType]::ParameterValue, 'Carry the logins'' passwords to and from other places')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Start, stop, show or delete the embedded servers')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print what the embedded servers wrote to their logs')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Print the manifest as martydb understands it, and where each value comes from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completions')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'martydb;help;init' {
            break
        }
        'martydb;help;validate' {
            break
        }
        'martydb;help;schema' {
            break
        }
        'martydb;help;doctor' {
            break
        }
        'martydb;help;plan' {
            break
        }
        'martydb;help;apply' {
            break
        }
        'martydb;help;init-all' {
            break
        }
        'martydb;help;upgrade' {
            break
        }
        'martydb;help;downgrade' {
            break
        }
        'martydb;help;adopt' {
            break
        }
        'martydb;help;import' {
            break
        }
        'martydb;help;baseline' {
            break
        }
        'martydb;help;repair' {
            break
        }
        'martydb;help;current' {
            break
        }
        'martydb;help;history' {
            break
        }
        'martydb;help;status' {
            break
        }
        'martydb;help;revision' {
            break
        }
        'martydb;help;squash' {
            break
        }
        'martydb;help;lint' {
            break
        }
        'martydb;help;verify-down' {
            break
        }
        'martydb;help;diff' {
            break
        }
        'martydb;help;verify-isolation' {
            break
        }
        'martydb;help;explain' {
            break
        }
        'martydb;help;test-connections' {
            break
        }
        'martydb;help;test-db' {
            break
        }
        'martydb;help;url' {
            break
        }
        'martydb;help;psql' {
            break
        }
        'martydb;help;exec' {
            break
        }
        'martydb;help;drop' {
            break
        }
        'martydb;help;rotate' {
            break
        }
        'martydb;help;secrets' {
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Show what is in the store and what it is called elsewhere; with --values, write the passwords to a file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Put passwords from a file into the store')
            [CompletionResult]::new('move', 'move', [CompletionResultType]::ParameterValue, 'Copy the whole store to another provider; the old one stays as it is')
            break
        }
        'martydb;help;secrets;export' {
            break
        }
        'martydb;help;secrets;import' {
            break
        }
        'martydb;help;secrets;move' {
            break
        }
        'martydb;help;dev' {
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Create and start the servers')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Stop the servers; data stays')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the servers')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Stop the servers and delete their data')
            [CompletionResult]::new('psql', 'psql', [CompletionResultType]::ParameterValue, 'Open psql as the superuser of one server')
            break
        }
        'martydb;help;dev;up' {
            break
        }
        'martydb;help;dev;down' {
            break
        }
        'martydb;help;dev;status' {
            break
        }
        'martydb;help;dev;destroy' {
            break
        }
        'martydb;help;dev;psql' {
            break
        }
        'martydb;help;logs' {
            break
        }
        'martydb;help;config' {
            break
        }
        'martydb;help;completions' {
            break
        }
        'martydb;help;man' {
            break
        }
        'martydb;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

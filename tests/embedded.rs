//! Embedded servers, for real: every test makes its own cluster in its own folder and deletes it at the end,
//! however it ends.

use std::fs::{self, Permissions};
use std::future::Future;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use martydb_embedded::{self as embedded, EmbeddedEngine, RunningServer, Spec, State, Status};
use martydb_model::error::{Error, Kind};
use martydb_pg::server::{Host, Login, connect};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};

/// A manifest's folder with one embedded server.
struct Site {
    folder: tempfile::TempDir,
    spec: Spec,
    notes: Mutex<Vec<String>>,
}

impl Site {
    /// In a folder that every account can enter.
    fn open() -> Site {
        let site = Site::within("");
        fs::set_permissions(site.folder.path(), Permissions::from_mode(0o755)).unwrap();
        site
    }

    /// In a folder of `name`, below one that only this account can enter.
    fn within(name: &str) -> Site {
        let folder = tempfile::Builder::new().prefix("martydb-it-").tempdir().unwrap();
        let home = folder.path().join(name);
        fs::create_dir_all(&home).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        let spec = Spec {
            engine: EmbeddedEngine::PostgreSql,
            server: "main".into(),
            env: "development".into(),
            home,
            port: None,
        };
        Site { folder, spec, notes: Mutex::default() }
    }

    /// With a server on a remembered port that no other test takes while it is down.
    async fn up_alone(&mut self) -> RunningServer {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let block = u16::try_from(std::process::id() % 100).unwrap() * 100;
        self.spec.port = Some(20000 + block + NEXT.fetch_add(1, Ordering::Relaxed));
        let server = self.up().await;
        self.spec.port = None;
        server
    }

    async fn try_up(&self) -> Result<RunningServer, Error> {
        embedded::up(&self.spec, &mut |note| self.notes.lock().unwrap().push(note)).await
    }

    async fn up(&self) -> RunningServer {
        self.try_up().await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn status(&self) -> Status {
        embedded::status(&self.spec).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.status().data_dir
    }

    fn base(&self) -> PathBuf {
        self.spec.home.join(".martydb/development/main")
    }

    fn said(&self, words: &str) -> bool {
        self.notes.lock().unwrap().iter().any(|note| note.contains(words))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.status().pid.unwrap().cast_signed()).unwrap()
    }

    fn kill(&self) {
        kill_process(self.pid(), Signal::KILL).unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let spec = self.spec.clone();
        let done = std::thread::spawn(move || run(async { embedded::destroy(&spec).await })).join();
        if !std::thread::panicking() {
            done.unwrap().unwrap();
        }
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

/// A session over the socket, as the account that runs the tests: pg_ident.conf lets that account be the admin.
async fn admin(server: &RunningServer) -> PgConnection {
    let Host::Socket(folder) = &server.admin.host else { panic!("{:?}", server.admin) };
    let options = PgConnectOptions::new_without_pgpass().socket(folder).port(server.admin.port);
    let options = options.username(&server.admin_role).database("postgres");
    options.connect().await.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn ask(server: &RunningServer, query: &'static str) -> String {
    let mut connection = admin(server).await;
    let answer = sqlx::query(query).fetch_one(&mut connection).await.unwrap().get(0);
    connection.close().await.unwrap();
    answer
}

#[test]
fn a_server_lives_from_up_to_destroy() {
    run(async {
        let mut site = Site::open();
        let absent = site.status();
        assert_eq!((absent.state, absent.port, absent.pid), (State::Absent, None, None));
        assert!(!site.spec.home.join(".martydb").exists(), "status writes nothing");
        assert_eq!(embedded::running(&site.spec).unwrap(), None);
        assert!(!embedded::down(&site.spec).await.unwrap());

        let first = site.up_alone().await;
        assert!(first.started);
        admin(&first).await.execute("CREATE TABLE kept (id int)").await.unwrap();
        let again = site.up().await;
        assert!(!again.started);
        assert_eq!((&again.tcp, &again.admin), (&first.tcp, &first.admin));
        assert_eq!(embedded::running(&site.spec).unwrap(), Some(again));
        assert_eq!(site.status().state, State::Running);
        assert_eq!(fs::read_to_string(site.spec.home.join(".martydb/.gitignore")).unwrap(), "*\n");

        assert!(embedded::down(&site.spec).await.unwrap());
        assert!(!embedded::down(&site.spec).await.unwrap());
        let stopped = site.status();
        assert_eq!((stopped.state, stopped.port, stopped.pid), (State::Stopped, Some(first.tcp.port), None));
        assert_eq!(embedded::running(&site.spec).unwrap(), None);

        let second = site.up().await;
        assert!(second.started);
        assert_eq!(second.tcp, first.tcp);
        assert_eq!(ask(&second, "SELECT count(*)::text FROM kept").await, "0");
        let version = ask(&second, "SHOW server_version").await;
        assert_eq!(site.status().server_version, Some(version));

        assert!(embedded::destroy(&site.spec).await.unwrap());
        assert!(!embedded::destroy(&site.spec).await.unwrap());
        assert_eq!(site.status().state, State::Absent);
        assert!(!site.spec.home.join(".martydb/development").exists());
    });
}

#[test]
fn the_status_has_the_contracts_keys() {
    let site = Site::open();
    let value = serde_json::to_value(site.status()).unwrap();
    let keys: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["server", "state", "port", "socket_dir", "data_dir", "pid", "server_version"]);
    assert_eq!(value["state"], "absent");
    assert!(value["pid"].is_null());
}

#[test]
fn nobody_comes_in_without_a_password_and_nobody_from_outside() {
    run(async {
        let site = Site::open();
        let server = site.up().await;
        assert_eq!(listeners(server.tcp.port), ["0100007F"]);

        let mut root = admin(&server).await;
        root.execute("CREATE ROLE svc LOGIN PASSWORD 'right'").await.unwrap();
        let verifier = ask(&server, "SELECT rolpassword FROM pg_authid WHERE rolname = 'svc'").await;
        assert!(verifier.starts_with("SCRAM-SHA-256$"));
        let login = |role: &str, password: Option<&str>| {
            Login::of_service(role, password.map(|text| text.to_owned().into()))
        };
        for (endpoint, who, gets_in) in [
            (&server.tcp, login("postgres", None), false),
            (&server.tcp, login("postgres", Some("postgres")), false),
            (&server.tcp, login("svc", Some("right")), true),
            (&server.tcp, login("svc", Some("wrong")), false),
            (&server.admin, login("svc", Some("right")), false),
            (&server.admin, login("postgres", None), true),
        ] {
            let result = connect(endpoint, &who, "postgres").await;
            assert_eq!(result.is_ok(), gets_in, "{endpoint} {who:?} {result:?}");
        }
        for (setting, expected) in [
            ("SHOW fsync", "on"),
            ("SHOW synchronous_commit", "on"),
            ("SHOW listen_addresses", "127.0.0.1"),
            ("SHOW password_encryption", "scram-sha-256"),
            ("SHOW server_encoding", "UTF8"),
            ("SHOW data_checksums", "on"),
        ] {
            assert_eq!(ask(&server, setting).await, expected, "{setting}");
        }
        let Host::Socket(folder) = &server.admin.host else { panic!("{server:?}") };
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
    });
}

/// Addresses, as `/proc/net` writes them, that listen on a port.
fn listeners(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let fields = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listening = fields.filter(|fields| fields[3] == "0A");
    let local = listening.filter_map(|fields| fields[1].split_once(':'));
    local.filter(|(_, number)| u16::from_str_radix(number, 16) == Ok(port)).map(|(ip, _)| ip.into()).collect()
}

#[test]
fn a_server_stays_on_loopback_whatever_its_settings_say() {
    run(async {
        let mut site = Site::open();
        let server = site.up_alone().await;
        let mut connection = admin(&server).await;
        connection.execute("ALTER SYSTEM SET listen_addresses = '*'").await.unwrap();
        connection.execute("ALTER SYSTEM SET port = 5999").await.unwrap();
        drop(connection);
        assert!(embedded::down(&site.spec).await.unwrap());
        fs::write(site.data().join("pg_hba.conf"), "host all all all trust\n").unwrap();
        let again = site.up().await;
        assert_eq!(again.tcp, server.tcp);
        assert_eq!(listeners(again.tcp.port), ["0100007F"]);
        assert!(site.said("restored martydb's pg_hba.conf"));
        let login = Login::of_admin("postgres", None);
        assert!(connect(&again.tcp, &login, "postgres").await.is_err());
    });
}

#[test]
fn a_taken_port_is_exchanged_and_the_new_one_remembered() {
    run(async {
        let mut site = Site::open();
        let old = site.up_alone().await.tcp.port;
        embedded::down(&site.spec).await.unwrap();
        let squatter = TcpListener::bind(("127.0.0.1", old)).unwrap();
        let new = site.up().await.tcp.port;
        assert_ne!(new, old);
        // Another test may take the first choice before the server has it.
        assert!(site.said(&format!("port {old} is taken, using ")));
        drop(squatter);
        embedded::down(&site.spec).await.unwrap();
        assert_eq!(site.status().port, Some(new));
    });
}

#[test]
fn a_port_of_the_manifest_is_used_or_refused() {
    run(async {
        let mut site = Site::open();
        let squatter = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = squatter.local_addr().unwrap().port();
        site.spec.port = Some(port);
        let error = site.try_up().await.unwrap_err();
        assert_eq!(error.message, format!("port {port} is taken"));
        drop(squatter);
        assert_eq!(site.up().await.tcp.port, port);
    });
}

#[test]
fn servers_of_one_manifest_do_not_take_each_others_ports() {
    run(async {
        let mut site = Site::open();
        let other = Spec { server: "other".into(), ..site.spec.clone() };
        let first = site.up_alone().await.tcp.port;
        embedded::down(&site.spec).await.unwrap();
        let second = embedded::up(&other, &mut |_| ()).await;
        let gone = embedded::destroy(&other).await;
        assert_ne!(second.unwrap().tcp.port, first);
        assert!(gone.unwrap());
        assert_eq!(site.up().await.tcp.port, first);
    });
}

#[test]
fn a_killed_server_starts_again() {
    run(async {
        let mut site = Site::open();
        let server = site.up_alone().await;
        admin(&server).await.execute("CREATE TABLE kept (id int)").await.unwrap();
        for _ in 0..2 {
            site.kill();
            let again = site.up().await;
            assert_eq!(again.tcp, server.tcp);
            assert_eq!(ask(&again, "SELECT count(*)::text FROM kept").await, "0");
        }
    });
}

#[test]
fn a_process_id_that_is_anothers_by_now_is_no_server() {
    run(async {
        let site = Site::open();
        site.up().await;
        let (pid, data) = (site.pid(), site.data());
        site.kill();
        while test_kill_process(pid).is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let owner = fs::metadata(&data).unwrap();
        let mut sleeper = Command::new("sleep");
        sleeper.arg("60");
        if rustix::process::geteuid().is_root() {
            sleeper.uid(owner.uid()).gid(owner.gid());
        }
        let mut sleeper = sleeper.spawn().unwrap();
        let relic = fs::read_to_string(data.join("postmaster.pid")).unwrap();
        let (_, rest) = relic.split_once('\n').unwrap();
        fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", sleeper.id())).unwrap();
        assert_eq!(site.status().state, State::Stopped);
        let result = site.try_up().await;
        let survived = sleeper.try_wait().unwrap().is_none();
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert!(result.unwrap().started);
        assert!(survived);
    });
}

/// The attack of the server's account on other processes of the machine: root ends what postmaster.pid names.
#[test]
fn a_forged_process_id_ends_no_other_program() {
    run(async {
        let site = Site::open();
        site.up().await;
        let data = site.data();
        let relic = fs::read_to_string(data.join("postmaster.pid")).unwrap();
        site.kill();
        let owner = fs::metadata(&data).unwrap();
        let is_root = rustix::process::geteuid().is_root();
        // One of our own account and one of the server's, both working in the data folder.
        for own in [true, false] {
            let mut sleeper = Command::new("sleep");
            sleeper.arg("600").current_dir(&data);
            if is_root && !own {
                sleeper.uid(owner.uid()).gid(owner.gid());
            }
            let mut sleeper = sleeper.spawn().unwrap();
            let pid = sleeper.id();
            let forge = || {
                let (_, rest) = relic.split_once('\n').unwrap();
                fs::write(data.join("postmaster.pid"), format!("{pid}\n{rest}")).unwrap();
            };
            forge();
            // The processes of the killed server let go of the socket one by one.
            let began = std::time::Instant::now();
            while site.status().state != State::Stopped && began.elapsed() < Duration::from_secs(20) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(site.status().state, State::Stopped);
            assert!(!embedded::down(&site.spec).await.unwrap(), "there was nothing to stop");
            forge();
            let up = site.try_up().await;
            assert!(sleeper.try_wait().unwrap().is_none(), "dev up or down has ended it");
            assert!(up.unwrap().started);
            site.kill();
            forge();
            if !own {
                embedded::destroy(&site.spec).await.unwrap();
                assert!(sleeper.try_wait().unwrap().is_none(), "dev destroy has ended it");
            }
            sleeper.kill().unwrap();
            sleeper.wait().unwrap();
        }
    });
}

#[test]
fn data_behind_a_link_are_not_destroyed_and_nothing_is_stopped() {
    run(async {
        let mut site = Site::open();
        // A port that no other test takes while this server is down.
        let server = site.up_alone().await;
        embedded::down(&site.spec).await.unwrap();
        let (data, moved) = (site.data(), site.folder.path().join("moved"));
        fs::rename(&data, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &data).unwrap();
        let again = site.up().await;
        assert_eq!(again.tcp, server.tcp);
        let error = embedded::destroy(&site.spec).await.unwrap_err();
        assert!(error.message.contains(&moved.display().to_string()), "{error:?}");
        assert_eq!(ask(&again, "SELECT 'alive'").await, "alive");
        assert!(data.is_symlink() && moved.join("PG_VERSION").exists());
        embedded::down(&site.spec).await.unwrap();
        assert!(embedded::destroy(&site.spec).await.is_err());
        fs::remove_file(&data).unwrap();
        embedded::destroy(&site.spec).await.unwrap();
        assert_eq!(site.status().state, State::Absent);
    });
}

#[test]
fn half_made_folders_are_no_obstacle() {
    run(async {
        let site = Site::open();
        fs::create_dir_all(site.base().join("data/base")).unwrap();
        fs::write(site.base().join("data/PG_VERSION"), "15\n").unwrap();
        fs::create_dir_all(site.base().join("data.partial-0/base")).unwrap();
        assert_eq!(site.status().state, State::Absent);
        assert!(site.up().await.started);
        assert!(site.said("is not a complete cluster"));
        let names = fs::read_dir(site.base()).unwrap().map(|entry| entry.unwrap().file_name());
        let names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        assert!(!names.contains(&"data.partial-0".into()), "{names:?}");
        assert!(names.iter().any(|name| name.starts_with("data.broken-")), "{names:?}");
    });
}

#[test]
fn two_that_start_it_at_once_both_find_it_running() {
    run(async {
        let site = Arc::new(Site::open());
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let site = site.clone();
                tokio::spawn(async move { site.up().await })
            })
            .collect();
        let mut all = vec![];
        for task in tasks {
            all.push(task.await.unwrap());
        }
        assert_eq!(all.iter().filter(|server| server.started).count(), 1);
        assert!(all.iter().all(|server| server.tcp == all[0].tcp));
        assert!((15432..32768).contains(&all[0].tcp.port));
    });
}

#[test]
fn a_run_that_is_dropped_at_any_moment_leaves_nothing_in_the_way() {
    run(async {
        let site = Site::open();
        for milliseconds in [30, 200, 700, 1500, 3000] {
            let _ = tokio::time::timeout(Duration::from_millis(milliseconds), site.try_up()).await;
        }
        site.up().await;
        for milliseconds in [50, 200] {
            site.kill();
            let _ = tokio::time::timeout(Duration::from_millis(milliseconds), site.try_up()).await;
            site.up().await;
        }
    });
}

#[test]
fn the_data_folder_alone_is_memory_enough() {
    run(async {
        let mut site = Site::open();
        let server = site.up_alone().await;
        let before = site.status();
        let empty = || {
            fs::remove_file(site.spec.home.join(".martydb/.gitignore")).unwrap();
            fs::remove_file(site.base().join("server.log")).unwrap();
            fs::remove_file(site.base().join("lock")).unwrap();
        };
        empty();
        assert_eq!(site.status(), before);
        let again = site.up().await;
        assert!(!again.started);
        assert_eq!(again.admin, server.admin);
        embedded::down(&site.spec).await.unwrap();
        fs::write(site.base().join("server.log"), "").unwrap();
        empty();
        assert_eq!(site.up().await.tcp, server.tcp);
    });
}

#[test]
fn a_folder_that_the_servers_account_cannot_reach_is_left_for_one_that_it_can() {
    run(async {
        let site = Site::within("project");
        let server = site.up().await;
        let far = site.data().starts_with("/var/lib/martydb");
        assert_eq!(far, rustix::process::geteuid().is_root());
        if far {
            assert!(!site.spec.home.join(".martydb").exists());
            // Once there, it stays there.
            fs::set_permissions(site.folder.path(), Permissions::from_mode(0o755)).unwrap();
            assert_eq!(embedded::running(&site.spec).unwrap().map(|it| it.tcp), Some(server.tcp));
            let root = site.data().ancestors().nth(3).unwrap().to_owned();
            assert!(embedded::destroy(&site.spec).await.unwrap());
            assert!(!root.exists(), "{root:?}");
        }
    });
}

#[test]
fn a_long_path_gets_a_short_socket_folder_that_is_made_again_when_it_is_lost() {
    run(async {
        let mut site = Site::within(&"long/".repeat(20));
        fs::set_permissions(site.folder.path(), Permissions::from_mode(0o755)).unwrap();
        let server = site.up_alone().await;
        let Host::Socket(folder) = server.admin.host.clone() else { panic!("{server:?}") };
        assert!(folder.starts_with("/tmp") && folder.as_os_str().len() < 50, "{folder:?}");
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(ask(&server, "SELECT 'here'").await, "here");

        fs::remove_dir_all(&folder).unwrap();
        let again = site.up().await;
        assert_eq!(again.admin, server.admin);
        assert_eq!(ask(&again, "SELECT 'here'").await, "here");

        // Another process takes the name while the server is down.
        embedded::down(&site.spec).await.unwrap();
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "").unwrap();
        let third = site.try_up().await;
        fs::remove_file(&folder).unwrap();
        let third = third.unwrap();
        assert_ne!(third.admin, server.admin);
        assert_eq!(ask(&third, "SELECT 'here'").await, "here");
        let Host::Socket(folder) = third.admin.host else { panic!() };
        embedded::destroy(&site.spec).await.unwrap();
        assert!(!folder.exists());
    });
}

#[test]
fn a_path_may_hold_what_shells_expand() {
    run(async {
        let mut site = Site::within("it's $HOME, \"quoted\" `id`\\");
        fs::set_permissions(site.folder.path(), Permissions::from_mode(0o755)).unwrap();
        let server = site.up_alone().await;
        assert_eq!(ask(&server, "SELECT 'here'").await, "here");
        let data = site.data();
        assert_eq!(ask(&server, "SHOW data_directory").await, data.to_str().unwrap());
        embedded::down(&site.spec).await.unwrap();
        assert_eq!(site.up().await.admin, server.admin);
    });
}

#[test]
fn a_copied_folder_is_a_server_of_its_own() {
    run(async {
        let site = Site::open();
        let original = site.up().await;
        let copy = Site::open();
        let done = Command::new("cp")
            .arg("-a")
            .arg(site.spec.home.join(".martydb"))
            .arg(&copy.spec.home)
            .stderr(std::process::Stdio::null())
            .status();
        done.unwrap();
        assert_eq!(copy.status().state, State::Stopped);
        let server = copy.up().await;
        assert_ne!(server.tcp, original.tcp);
        assert_ne!(server.admin, original.admin);
        assert!(embedded::down(&copy.spec).await.unwrap());
        assert_eq!(ask(&original, "SELECT 'here'").await, "here");
    });
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let site = Site::open();
    for (env, server) in [("..", "main"), ("development", "../x"), ("", "main")] {
        let spec = Spec { env: env.into(), server: server.into(), ..site.spec.clone() };
        assert_eq!(embedded::status(&spec).unwrap_err().kind, Kind::Usage);
    }
}

// What depends on the environment or the account runs in a process of its own: this test, told by variables.

const HOME: &str = "MARTYDB_TEST_EMBEDDED_HOME";

#[test]
#[ignore = "run by other tests, in a process of its own"]
fn actor() {
    let home = std::env::var_os(HOME).expect("the test that runs this one says where");
    let spec = Spec {
        engine: EmbeddedEngine::PostgreSql,
        server: "main".into(),
        env: "development".into(),
        home: home.into(),
        port: None,
    };
    match run(embedded::up(&spec, &mut |_| ())) {
        Ok(server) => println!("up {}", server.tcp.port),
        Err(error) => println!("{:?} {error} {:?}", error.kind, error.hints),
    }
}

/// This program again, as [`actor`].
fn actor_command(site: &Site) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "actor", "--nocapture"]).env(HOME, &site.spec.home);
    command.env_remove("MARTYDB_PG_BIN");
    command
}

fn output(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_caller_that_reads_our_output_does_not_wait_for_the_server() {
    let site = Site::open();
    // cat waits until no process holds the pipe, under whatever number.
    let mut shell = Command::new("timeout");
    let actor = actor_command(&site);
    shell.args(["60", "bash", "-c", "{ \"$@\" 3>&1 200>&1; } | cat", "bash"]);
    shell.arg(actor.get_program()).args(actor.get_args()).env(HOME, &site.spec.home);
    assert!(output(&mut shell).contains("up 1"));
    assert_eq!(site.status().state, State::Running);
    let stat = fs::read_to_string(format!("/proc/{}/stat", site.status().pid.unwrap())).unwrap();
    let session = stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap();
    assert_eq!(session, site.status().pid.unwrap().to_string(), "a session of its own");
    let environment = fs::read_to_string(format!("/proc/{}/environ", site.status().pid.unwrap())).unwrap();
    assert!(!environment.contains(HOME), "{environment}");
}

#[test]
fn a_run_that_is_killed_leaves_nothing_in_the_way() {
    let site = Site::open();
    for milliseconds in [100, 500, 1500, 3000] {
        let mut child = actor_command(&site).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    run(async {
        site.up().await;
    });
}

/// The `initdb` of a killed run lives on for a while, and writes into the folder that is being removed.
#[test]
fn what_a_killed_run_left_is_removed_while_it_is_written_to() {
    let site = Site::open();
    run(async { drop(site.up().await) });
    let partial = site.data().with_file_name("data.partial-00000000");
    let deadline = std::time::Instant::now() + Duration::from_secs(1);
    let writer = std::thread::spawn({
        let partial = partial.clone();
        move || {
            for number in 0.. {
                if std::time::Instant::now() > deadline {
                    return;
                }
                let _removed_meanwhile = fs::create_dir_all(&partial);
                let _removed_meanwhile = fs::write(partial.join(number.to_string()), "");
            }
        }
    });
    run(async {
        embedded::down(&site.spec).await.unwrap();
        site.up().await;
    });
    writer.join().unwrap();
    run(async {
        embedded::down(&site.spec).await.unwrap();
        site.up().await;
    });
    assert!(!partial.exists());
}

#[test]
fn a_folder_without_programs_is_refused() {
    let site = Site::open();
    let said = output(actor_command(&site).env("MARTYDB_PG_BIN", &site.spec.home));
    assert!(said.contains("Usage MARTYDB_PG_BIN names"), "{said}");
}

#[test]
fn programs_that_the_servers_account_cannot_run_are_an_error() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (site, hidden) = (Site::open(), tempfile::tempdir().unwrap());
    fs::set_permissions(hidden.path(), Permissions::from_mode(0o700)).unwrap();
    for program in ["initdb", "pg_ctl", "postgres"] {
        fs::write(hidden.path().join(program), "#!/bin/sh\n").unwrap();
        fs::set_permissions(hidden.path().join(program), Permissions::from_mode(0o755)).unwrap();
    }
    let said = output(actor_command(&site).env("MARTYDB_PG_BIN", hidden.path()));
    assert!(said.contains("cannot run") && said.contains("ermission denied"), "{said}");
    assert!(said.contains("let it enter every folder"), "{said}");
}

#[test]
fn a_cluster_of_a_major_that_is_not_installed_is_an_error_that_names_both() {
    run(async {
        let site = Site::open();
        site.up().await;
        embedded::down(&site.spec).await.unwrap();
        fs::write(site.data().join("PG_VERSION"), "12\n").unwrap();
        let error = site.try_up().await.unwrap_err().to_string();
        assert!(
            error.contains("the data folder was made by PostgreSQL 12, and this system has: "),
            "{error}"
        );
    });
}

#[test]
fn a_server_that_does_not_start_says_why() {
    run(async {
        let site = Site::open();
        site.up().await;
        embedded::down(&site.spec).await.unwrap();
        fs::write(site.data().join("postgresql.auto.conf"), "max_connections = 'many'\n").unwrap();
        let error = site.try_up().await.unwrap_err();
        assert_eq!(error.kind, Kind::Operation);
        assert!(error.causes.iter().any(|cause| cause.contains("max_connections")), "{error:?}");
        assert!(error.hints[0].contains("server.log"), "{error:?}");
    });
}

/// [`actor_command`], under another account.
fn actor_as(site: &Site, ids: &[&str]) -> Command {
    let actor = actor_command(site);
    let mut command = Command::new("setpriv");
    command.args(ids).args(["--clear-groups", "--"]);
    command.arg(actor.get_program()).args(actor.get_args()).env(HOME, &site.spec.home).current_dir("/");
    command
}

#[test]
fn root_and_the_owner_of_a_cluster_may_take_turns() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let nobody = ["--reuid=nobody", "--regid=nogroup"];
    let site = Site::open();
    fs::set_permissions(&site.spec.home, Permissions::from_mode(0o777)).unwrap();
    assert!(output(&mut actor_as(&site, &nobody)).contains("up "));
    run(async {
        let server = site.up().await;
        assert!(!server.started);
        assert_eq!(ask(&server, "SELECT 'here'").await, "here");
    });
    assert!(output(&mut actor_as(&site, &nobody)).contains("up "));
    run(async {
        assert!(embedded::down(&site.spec).await.unwrap());
        assert!(site.up().await.started);
    });
    assert!(output(&mut actor_as(&site, &nobody)).contains("up "));
}

#[test]
fn a_cluster_of_somebody_else_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let site = Site::open();
    run(site.up());
    let said = output(&mut actor_as(&site, &["--reuid=www-data", "--regid=www-data"]));
    assert!(said.contains("belongs to the account \"") && said.contains("or as root"), "{said}");
    let said = output(&mut actor_as(&site, &["--reuid=54321", "--regid=54321"]));
    assert!(said.contains("the user id 54321 has no name"), "{said}");
}

#[test]
fn a_cluster_of_another_major_needs_its_own_programs() {
    for bin in other_majors() {
        let site = Site::open();
        let said = output(actor_command(&site).env("MARTYDB_PG_BIN", &bin));
        assert!(said.contains("up "), "{bin:?} {said}");
        run(embedded::down(&site.spec)).unwrap();
        let said = output(&mut actor_command(&site));
        assert!(said.contains("the data folder was made by PostgreSQL"), "{said}");
        let said = output(actor_command(&site).env("MARTYDB_PG_BIN", &bin));
        assert!(said.contains("up "), "{bin:?} {said}");
    }
}

/// The oldest and the newest that `scripts/servers` has fetched, majors that the system has aside. None where
/// it has not run: the test before this one does without.
fn other_majors() -> Vec<PathBuf> {
    let cache = std::env::var_os("MARTYDB_SERVER_CACHE").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| "/var/cache/martydb/servers".into());
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let fetched = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let other = fetched.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let major = name.split('.').next().unwrap_or_default().to_owned();
        !Path::new("/usr/lib/postgresql").join(major).exists()
    });
    let mut bins: Vec<_> = other.map(|entry| entry.path().join("bin")).collect();
    bins.sort();
    match bins.len() {
        0..=2 => bins,
        all => vec![bins[0].clone(), bins[all - 1].clone()],
    }
}

#[test]
fn all_of_this_works_without_root_too() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // A checkout in root's home is out of reach for other accounts, and tests start their own program again.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("embedded");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]);
    command.arg(program).current_dir("/").env("HOME", "/nonexistent");
    command.args(["a_", "the_", "nobody_", "two_"]);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

//! The disk of the server is full: on a file system of its own that is too small.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Kept;
use crate::support::{Admin, Server};

/// A file system in memory; unmounted with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this account may mount none.
    fn mount(at: PathBuf, megabytes: usize) -> Option<SmallDisk> {
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|done| done.status.success()).then_some(SmallDisk(at))
    }

    fn grow(&self, megabytes: usize) {
        let size = format!("remount,size={megabytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn tablespace(server: &Server, folder: &Path) {
    let owner = std::fs::metadata(server.data()).unwrap();
    chown(folder, Some(owner.uid()), Some(owner.gid())).unwrap();
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()));
    server.sql("postgres", "ALTER DATABASE template0 SET TABLESPACE small");
    server.sql("postgres", "ALTER DATABASE template1 SET TABLESPACE small");
}

#[test]
fn a_restore_resumes_after_a_full_disk_of_the_server() {
    let server = Server::start();
    let Some(disk) = SmallDisk::mount(server.folder().join("small"), 75) else {
        eprintln!("SKIPPED: this account may mount nothing");
        return;
    };
    tablespace(&server, &disk.0);
    // The test's own sort needs no room on that disk.
    server.sql("postgres", "ALTER ROLE postgres SET work_mem = '256MB'");
    let kept = Kept::with(server, Admin::Super, "bkg", super::OBJECTS);
    if !kept.can_dump() {
        return;
    }
    kept.as_app(
        "INSERT INTO item (name) SELECT md5(n::text) || md5(n::text) FROM generate_series(1, 150000) n",
    )
    .unwrap();
    let (service, id) = (kept.service(), kept.backup());
    let before = kept.everything(&service);
    for arguments in [&["backup", "verify", &id][..], &["restore", &service, "--from", &id, "-y"]] {
        let failed = kept.project.run(arguments).expect(1);
        // A server that cannot write does not drop a database either: then the next run does that, and says so.
        let words = ["No space left on device", "checkpoint request failed"];
        assert!(words.iter().any(|words| failed.stderr.contains(words)), "{failed:?}");
        assert_eq!(kept.backups(), [id.as_str()]);
        assert_eq!(kept.as_app("SELECT count(*) FROM item").unwrap()[0][0], "150002");
    }
    disk.grow(400);
    kept.restore(&id).expect(0);
    assert_eq!(kept.everything(&service), before);
    kept.expect_clean(1);
    kept.project.run(&["plan", "--check"]).expect(0);
}

//! Connections from one address: in a network of their own, in which the process listens elsewhere than on loopback.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::project;
use crate::support::{Admin, Authority, Server};

/// Starts the process at an address of the network, and asks it from two. Its arguments are the program and its address.
const CLIENTS: &str = r#"
import socket, ssl, subprocess, sys, time

here, there = "192.0.2.1", "192.0.2.2"
serving = subprocess.Popen([sys.argv[1], "serve"], stderr=subprocess.PIPE, text=True)
for line in serving.stderr:
    if "://" in line:
        port = int(line.rsplit(":", 1)[1])
        break

def connect(source):
    return socket.create_connection((here, port), timeout=20, source_address=(source, 0))

def ask(source, path):
    context = ssl.create_default_context(cafile="own.crt")
    with context.wrap_socket(connect(source), server_hostname="localhost") as stream:
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return int(stream.recv(64).split()[1])

def until(source, path, wanted):
    for _ in range(200):
        if ask(source, path) == wanted:
            return
        time.sleep(0.05)
    sys.exit(f"{source} {path} is not {wanted}")

try:
    until(here, "/live", 200)
    silent = [connect(there) for _ in range(4)]
    until(there, "/sad_a/rest/customer", 503)
    assert ask(there, "/live") == 200
    assert ask(here, "/sad_a/rest/customer") == 401
    for one in silent:
        one.close()
    until(there, "/sad_a/rest/customer", 401)
    print("done")
finally:
    serving.kill()
"#;

#[test]
fn one_address_takes_its_part_of_the_connections() {
    // As root the files of the server are readable in a namespace of the network alone; another user needs one of users, too.
    let alone = [&["-n"][..], &["-rn"]].into_iter().find(|kind| {
        Command::new("unshare")
            .args(*kind)
            .args(["ip", "link", "set", "lo", "up"])
            .status()
            .is_ok_and(|done| done.success())
    });
    let Some(alone) = alone else {
        eprintln!("SKIPPED: there is no other network on this machine");
        return;
    };
    let server = Server::start();
    let project = project(&server, Admin::Super, "sad", "{}");
    let own = Authority::new(&project, "own");
    own.sign_into(project.path(), "localhost", 2100);
    std::fs::set_permissions(project.path().join("server.key"), PermissionsExt::from_mode(0o600)).unwrap();
    let socket = server.folder().display().to_string().replace('/', "%2F");
    let url = format!("postgresql://postgres@{socket}:{}/postgres", server.port);
    let listen = "192.0.2.1:0\n  per_address: 4\n  tls: { certificate: server.crt, key: server.key }";
    let manifest = project.read("martydb.yaml").replace(&server.url_of(Admin::Super), &url);
    project.write("martydb.yaml", &manifest.replace("127.0.0.1:0", listen));
    project.write("clients.py", CLIENTS);
    let network = "ip link set lo up && ip addr add 192.0.2.1/32 dev lo && ip addr add 192.0.2.2/32 dev lo";
    let program = project.command(&[]);
    let mut clients = Command::new("unshare");
    clients.args(alone).args(["sh", "-c", &format!("{network} && exec python3 clients.py \"$0\"")]);
    clients.arg(program.get_program()).current_dir(project.path());
    clients.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let done = clients.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "done\n", "{}", String::from_utf8_lossy(&done.stderr));
}

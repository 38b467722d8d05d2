//! The program: starts with one line, ends with its parent, keeps what it acknowledged when it is killed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::support::{BUCKET, Call, IDENTITIES, REGION, data_files, path_of};

fn command(folder: &Path, listen: &str) -> Command {
    let identities = folder.join("identities.json");
    std::fs::write(&identities, IDENTITIES).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clouddrop-dev-s3"));
    command
        .args(["--listen", listen, "--bucket", BUCKET, "--region", REGION])
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--identities")
        .arg(identities)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(folder: &Path, extra: &[&str]) -> (Child, SocketAddr) {
    let mut child = command(folder, "127.0.0.1:0").args(extra).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["listen"].as_str().unwrap().parse().unwrap();
    (child, address)
}

fn errors_of(mut child: Child) -> String {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    text
}

async fn put(address: SocketAddr, key: &str, body: &str) {
    Call::new(address, "PUT", &path_of(key)).body(body.to_owned()).send().await.ok();
}

#[tokio::test]
async fn it_ends_cleanly_when_its_input_closes() {
    let folder = TempDir::new().unwrap();
    let (mut child, address) = start(folder.path(), &[]);
    put(address, "k", "x").await;
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    for extra in [&[][..], &["--fsync"]] {
        let folder = TempDir::new().unwrap();
        let (mut child, address) = start(folder.path(), extra);
        put(address, "k", "old").await;
        put(address, "k", "new").await;
        put(address, "gone", "x").await;
        Call::new(address, "DELETE", &path_of("gone")).send().await.ok();
        let created = Call::new(address, "POST", &format!("{}?uploads", path_of("m"))).send().await.ok();
        let id = created.xml("UploadId").to_owned();
        let part = format!("{}?partNumber=1&uploadId={id}", path_of("m"));
        Call::new(address, "PUT", &part).body("part").send().await.ok();
        child.kill().unwrap();
        child.wait().unwrap();

        let (mut child, address) = start(folder.path(), extra);
        assert_eq!(Call::new(address, "GET", &path_of("k")).send().await.ok().text(), "new");
        Call::new(address, "GET", &path_of("gone")).send().await.refused(404, "NoSuchKey");
        let upload = format!("{}?uploadId={id}", path_of("m"));
        assert_eq!(Call::new(address, "GET", &upload).send().await.ok().xml("PartNumber"), "1");
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    }
}

#[tokio::test]
async fn what_a_kill_left_half_done_is_swept() {
    let folder = TempDir::new().unwrap();
    let (mut child, address) = start(folder.path(), &[]);
    put(address, "k", "x").await;
    drop(child.stdin.take());
    child.wait().unwrap();
    let data = folder.path().join("data");
    let bucket = data.join(BUCKET);
    let stray = bucket.join("data/ab/abababababababababababababababab");
    std::fs::create_dir_all(stray.parent().unwrap()).unwrap();
    std::fs::write(&stray, "half an upload").unwrap();
    std::fs::write(bucket.join("tmp/record"), "half a record").unwrap();
    std::fs::create_dir_all(bucket.join("uploads/0123456789abcdef0123456789abcdef")).unwrap();

    let (mut child, address) = start(folder.path(), &[]);
    assert_eq!(Call::new(address, "GET", &path_of("k")).send().await.ok().text(), "x");
    assert_eq!(data_files(&data).len(), 1);
    assert_eq!(std::fs::read_dir(bucket.join("tmp")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(bucket.join("uploads")).unwrap().count(), 0);
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[tokio::test]
async fn a_busy_port_is_named_with_the_way_out() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut child = command(folder.path(), &address).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let errors = errors_of(child);
    assert!(
        errors.contains(&taken.local_addr().unwrap().port().to_string()) && errors.contains("--listen"),
        "{errors}"
    );
}

#[tokio::test]
async fn two_servers_never_share_a_folder() {
    let folder = TempDir::new().unwrap();
    let (mut first, _) = start(folder.path(), &[]);
    let mut second = command(folder.path(), "127.0.0.1:0").spawn().unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(1));
    assert!(errors_of(second).contains("--data"));
    drop(first.stdin.take());
    first.wait().unwrap();
}

#[tokio::test]
async fn a_damaged_record_or_identity_stops_the_start_and_no_secret_is_printed() {
    let folder = TempDir::new().unwrap();
    let (mut child, address) = start(folder.path(), &[]);
    put(address, "k", "x").await;
    drop(child.stdin.take());
    child.wait().unwrap();
    let data = folder.path().join("data");
    std::fs::write(&data_files(&data)[0], "longer than recorded").unwrap();
    let mut child = command(folder.path(), "127.0.0.1:0").spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(errors_of(child).contains("damaged"));

    let mut wrong = command(folder.path(), "127.0.0.1:0");
    std::fs::write(folder.path().join("identities.json"), IDENTITIES.replace("\"name\"", "\"nmae\"")).unwrap();
    let mut child = wrong.spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let errors = errors_of(child);
    assert!(errors.contains("nmae") && !errors.contains("admin-secret"), "{errors}");
}

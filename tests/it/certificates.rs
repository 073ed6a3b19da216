//! Certificates made by the program itself: made before anything else, they harm nothing, and phones can call by them.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::support::Place;

#[test]
fn a_certificate_may_be_made_before_anything_else() {
    let place = Place::new("cert");
    let made = place.run(&["cert", "127.0.0.1"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // Pictures put back from their own backup stand there before the first start too.
    std::fs::create_dir(place.root.join("data/attachments")).unwrap();
    place.set_up();
    let log = std::fs::File::create(place.root.join("log")).unwrap();
    let tls = place.root.join("data/tls");
    let (cert, key) = (tls.join("server.crt"), tls.join("server.key"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let files = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    drop(place.serve_with(&files, "warn", Stdio::from(log)));
    let told = std::fs::read_to_string(place.root.join("log")).unwrap();
    assert!(told.contains("others on this machine can read the private key"), "{told}");
}

#[test]
fn a_name_no_browser_accepts_is_refused_with_a_sentence() {
    let place = Place::new("cert-names");
    for (name, want) in [
        ("*", "a star stands for"),
        ("https://survey.example:8443/", "give the name alone: survey.example"),
        ("", "it is empty"),
    ] {
        let told = place.run(&["cert", name]);
        let stderr = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(want) && stderr.lines().count() == 1, "{stderr}");
    }
    assert!(!place.root.join("data").exists());
}

//! Wrong configurations fail, and for the reason that they were written for.

use crate::command::{differs, file, postcote, run};

#[test]
fn each_is_refused_for_its_reason() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for case in std::fs::read_dir(file("protocol-tests/bad-config")).unwrap() {
        let case = case.unwrap().path();
        // From within the directory, so that messages name the file the same everywhere.
        let check = ["--config", "config.toml", "config", "check"];
        let said = run(postcote().args(check).current_dir(&case));
        if said.code != Some(78) || !said.stdout.is_empty() {
            wrong.push(format!("{}: exit {:?}, {}", case.display(), said.code, said.stdout));
        }
        assert!(!said.stderr.contains("sesame"), "a password is told: {}", said.stderr);
        wrong.extend(differs(&said.stderr, &case.join("expected-error")));
        cases += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 20, "only {cases} cases were found");
}

//! The page of findings is the table of findings.

#[test]
fn docs_findings_is_what_the_table_says() {
    let page = include_str!("../docs/findings.md");
    assert!(
        page == jivascope::report::findings_page(),
        "cargo run --example findings_page > docs/findings.md"
    );
}

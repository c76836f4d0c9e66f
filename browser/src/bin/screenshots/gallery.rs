//! The page that shows all pictures: a row for each page, a column for each way to look at it.

use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "<!doctype html><meta charset=\"utf-8\"><title>Every page</title>
<style>
body { font: 14px system-ui; margin: 2rem; }
td, th { vertical-align: top; text-align: left; padding: 0.5rem; border-top: 1px solid #ccc; }
img { width: 260px; border: 1px solid #ccc; }
</style>
<h1>Every page</h1>
<table>
";

/// Pictures, by page and by set.
#[derive(Debug, Default)]
pub(crate) struct Gallery(BTreeMap<String, BTreeMap<String, String>>);

impl Gallery {
    /// A picture was taken.
    pub(crate) fn add(&mut self, page: String, set: String, file: String) {
        self.0.entry(page).or_default().insert(set, file);
    }

    /// Writes `index.html` beside them.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let sets: BTreeSet<_> = self.0.values().flat_map(BTreeMap::keys).collect();
        let mut html = HEAD.to_owned();
        html.push_str("<tr><th>Page</th>");
        for set in &sets {
            write!(html, "<th>{set}</th>")?;
        }
        html.push_str("</tr>\n");
        for (page, files) in &self.0 {
            write!(html, "<tr><th>{page}</th>")?;
            for set in &sets {
                match files.get(*set) {
                    Some(file) => write!(
                        html,
                        "<td><a href=\"{file}\"><img loading=\"lazy\" src=\"{file}\" alt=\"{page}, {set}\"></a></td>"
                    )?,
                    None => html.push_str("<td></td>"),
                }
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</table>\n");
        std::fs::write(folder.join("index.html"), html)?;
        Ok(())
    }
}

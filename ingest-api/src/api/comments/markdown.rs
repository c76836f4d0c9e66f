//! Markdown as HTML that is safe to show: rendered, then cleaned of everything that is not on a list of harmless elements.

use pulldown_cmark::{Options, Parser, html};

/// The HTML of a text.
pub(crate) fn to_html(markdown: &str) -> String {
    let options =
        Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut rendered = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut rendered, Parser::new_ext(markdown, options));
    ammonia::Builder::default()
        // Links of strangers: they learn nothing of where the reader came from, and gain nothing with search engines.
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&rendered)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::to_html;

    fn check(markdown: &str, expected: &str) {
        assert_eq!(to_html(markdown).trim(), expected);
    }

    #[test]
    fn markdown_becomes_html() {
        check("It *squeaks*.", "<p>It <em>squeaks</em>.</p>");
        check(
            "~~old~~ `<b>`",
            "<p><del>old</del> <code>&lt;b&gt;</code></p>",
        );
    }

    #[test]
    fn nothing_that_could_run_is_left() {
        check("<script>alert(1)</script>ok", "ok");
        check("<b onclick=\"x()\">ok</b>", "<p><b>ok</b></p>");
        check(
            "[x](javascript:alert(1))",
            "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>",
        );
        check("<style>*{}</style><iframe src=//x></iframe>", "");
    }
}

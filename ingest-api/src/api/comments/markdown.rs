//! Markdown as HTML that is safe to show: rendered without the HTML that was written in it, then cleaned of everything that
//! is not on a list of harmless elements.

use pulldown_cmark::{Event, Options, Parser, html};

/// Deepest nesting of lists, quotes and emphasis that is rendered. Cleaning takes time with the square of the depth, and
/// nobody reads what stands deeper.
const DEPTH_MAX: usize = 64;

/// The HTML of a text. One that is nested deeper than anybody reads is shown as it was written.
pub(crate) fn to_html(markdown: &str) -> String {
    let options =
        Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut rendered = String::with_capacity(markdown.len() * 2);
    if is_readable(Parser::new_ext(markdown, options)) {
        let events = Parser::new_ext(markdown, options).map(|event| match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            other => other,
        });
        html::push_html(&mut rendered, events);
    } else {
        let written = [
            Event::Html("<pre>".into()),
            Event::Text(markdown.into()),
            Event::Html("</pre>".into()),
        ];
        html::push_html(&mut rendered, written.into_iter());
    }
    ammonia::Builder::default()
        // Links of strangers: they learn nothing of where the reader came from, and gain nothing with search engines.
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&rendered)
        .to_string()
}

fn is_readable<'t>(events: impl Iterator<Item = Event<'t>>) -> bool {
    let mut depth = 0_usize;
    for event in events {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return false;
        }
    }
    true
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
    fn html_in_the_text_is_shown_and_not_obeyed() {
        check(
            "<b onclick=\"x()\">ok</b>",
            "<p>&lt;b onclick=\"x()\"&gt;ok&lt;/b&gt;</p>",
        );
        check(
            "<script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        );
    }

    #[test]
    fn nothing_that_could_run_is_left() {
        check(
            "[x](javascript:alert(1))",
            "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>",
        );
    }

    #[test]
    fn what_is_nested_too_deeply_is_shown_as_written() {
        check(
            "> > >a",
            "<blockquote>\n<blockquote>\n<blockquote>\n<p>a</p>\n</blockquote>\n</blockquote>\n</blockquote>",
        );
        for piece in [">", "1. ", "> - "] {
            let deep = piece.repeat(65_536 / piece.len());
            let html = to_html(&deep);
            assert!(html.starts_with("<pre>") && html.contains(&deep.replace('>', "&gt;")));
        }
    }
}

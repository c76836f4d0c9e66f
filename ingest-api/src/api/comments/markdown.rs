//! Markdown as HTML that is safe to show: rendered without the HTML that was written in it, then cleaned of everything that
//! is not on a list of harmless elements.
//!
//! Images become links. There are none of our own, and one of another site would tell that site who has read a text, when, and
//! from where. A link that names a host and no scheme (`//example.org`) is one with `https:`: it looks like a path of ours,
//! and would lead wherever the page's own scheme leads.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

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
            // As text: fields of a form are cleaned away, and nothing would come of a click on one.
            Event::TaskListMarker(is_done) => Event::Text(if is_done { "☑ " } else { "☐ " }.into()),
            other => other,
        });
        html::push_html(&mut rendered, without_images(events).into_iter());
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
        .rm_tags(["img"])
        .clean(&rendered)
        .to_string()
}

/// The same with a link where an image was; inside of another link, with its words alone.
fn without_images<'t>(events: impl Iterator<Item = Event<'t>>) -> Vec<Event<'t>> {
    let mut kept = Vec::new();
    // The address of the outermost link or image that is open, and how many are open in all.
    let (mut open, mut depth): (Option<CowStr<'t>>, usize) = (None, 0);
    for event in events {
        match event {
            Event::Start(
                Tag::Link {
                    dest_url, title, ..
                }
                | Tag::Image {
                    dest_url, title, ..
                },
            ) => {
                depth += 1;
                let dest_url = absolute(dest_url);
                if depth == 1 {
                    open = Some(dest_url.clone());
                    kept.push(link_to(dest_url, title));
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                depth = depth.saturating_sub(1);
                if let (0, Some(address)) = (depth, open.take_if(|_| depth == 0)) {
                    // Nothing to be clicked on: the address itself.
                    if matches!(kept.last(), Some(Event::Start(Tag::Link { .. }))) {
                        kept.push(Event::Text(address));
                    }
                    kept.push(Event::End(TagEnd::Link));
                }
            }
            other => kept.push(other),
        }
    }
    kept
}

/// An address that names a host names its scheme as well.
fn absolute(address: CowStr<'_>) -> CowStr<'_> {
    if address.starts_with("//") {
        CowStr::from(format!("https:{address}"))
    } else {
        address
    }
}

fn link_to<'t>(dest_url: CowStr<'t>, title: CowStr<'t>) -> Event<'t> {
    Event::Start(Tag::Link {
        link_type: LinkType::Inline,
        dest_url,
        title,
        id: CowStr::Borrowed(""),
    })
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
    fn what_is_to_be_done_keeps_its_boxes() {
        check(
            "- [ ] oil\n- [x] grind",
            "<ul>\n<li>☐ oil</li>\n<li>☑ grind</li>\n</ul>",
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
    fn images_are_links_and_load_nothing() {
        let rel = "rel=\"noopener noreferrer nofollow\"";
        let link = |url: &str, words: &str| format!("<p><a href=\"{url}\" {rel}>{words}</a></p>");
        let pixel = "https://evil.example/p.gif";
        check(
            "![a cat](https://evil.example/p.gif)",
            &link(pixel, "a cat"),
        );
        check("![](https://evil.example/p.gif)", &link(pixel, pixel));
        check(
            "![x](//evil.example/p.gif)",
            &link("https://evil.example/p.gif", "x"),
        );
        let nested = "[![a](https://evil.example/p.gif) b](https://example.org/)";
        check(nested, &link("https://example.org/", "a b"));
        check(
            "![a [b](https://c.example/)](https://evil.example/p.gif)",
            &link(pixel, "a b"),
        );
    }

    #[test]
    fn a_link_to_another_host_names_its_scheme() {
        let rel = "rel=\"noopener noreferrer nofollow\"";
        let link = |url: &str| format!("<p><a href=\"{url}\" {rel}>f</a></p>");
        check("[f](//evil.example)", &link("https://evil.example"));
        check(
            "[f][r]\n\n[r]: //evil.example",
            &link("https://evil.example"),
        );
        check("[f](&#47;/evil.example)", &link("https://evil.example"));
        // What browsers read as slashes too, or leave out, arrives as letters of a path.
        check("[f](/\\evil.example)", &link("/%5Cevil.example"));
        check("[f](</\t/evil.example>)", &link("/%09/evil.example"));
        check("[f](/tasks/ENG-1)", &link("/tasks/ENG-1"));
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

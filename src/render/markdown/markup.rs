//! Highlighting of what is not words: HTML and XML with templates in them, differences, and sessions
//! of a shell.

use super::highlight::{Class, Scanner, Spans};
use super::languages::find;

/// HTML, XML, and the templates of Jinja in them.
pub(super) fn scan(code: &str, spans: &mut Spans<'_>) {
    let mut rest = code;
    while let Some(at) = rest.find(['<', '&', '{']) {
        spans.plain(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with("<!--") {
            through(rest, "-->", Class::Comment, spans)
        } else if rest.starts_with("{#") {
            through(rest, "#}", Class::Comment, spans)
        } else if rest.starts_with("<![CDATA[") {
            through(rest, "]]>", Class::String, spans)
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            through(rest, ">", Class::Keyword, spans)
        } else if rest.starts_with("{{") || rest.starts_with("{%") {
            template(rest, spans)
        } else if rest.starts_with('&') {
            entity(rest, spans)
        } else if rest.starts_with('<') {
            tag(rest, spans)
        } else {
            spans.plain("{");
            1
        };
        rest = &rest[length..];
    }
    spans.plain(rest);
}

fn through(text: &str, close: &str, class: Class, spans: &mut Spans<'_>) -> usize {
    let length = text.find(close).map_or(text.len(), |at| at + close.len());
    spans.classed(class, &text[..length]);
    length
}

fn words(language: &str, code: &str, spans: &mut Spans<'_>) {
    match find(language) {
        // A `}` that closes nothing is code like any other here.
        Some(language) => {
            Scanner::new(language, code, 0).run(spans);
        }
        None => spans.plain(code),
    }
}

/// `{{ … }}` and `{% … %}`.
fn template(text: &str, spans: &mut Spans<'_>) -> usize {
    let close = if text.starts_with("{{") { "}}" } else { "%}" };
    let Some(end) = text.find(close) else {
        spans.plain(text);
        return text.len();
    };
    spans.classed(Class::Keyword, &text[..2]);
    words("jinja-words", &text[2..end], spans);
    spans.classed(Class::Keyword, close);
    end + close.len()
}

fn entity(text: &str, spans: &mut Spans<'_>) -> usize {
    let name = text[1..]
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '#'))
        .unwrap_or(text.len() - 1);
    if name > 0 && text[1 + name..].starts_with(';') {
        spans.classed(Class::Constant, &text[..name + 2]);
        return name + 2;
    }
    spans.plain("&");
    1
}

/// A tag with its attributes; of `<script>` and `<style>`, the content as well.
fn tag(text: &str, spans: &mut Spans<'_>) -> usize {
    let slash = usize::from(text[1..].starts_with('/'));
    let name_at = 1 + slash;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let name = text[name_at..]
        .find(|c| !is_name(c))
        .unwrap_or(text.len() - name_at);
    if name == 0 {
        spans.plain("<");
        return 1;
    }
    spans.plain(&text[..name_at]);
    let name_end = name_at + name;
    spans.classed(Class::Tag, &text[name_at..name_end]);
    let mut at = name_end;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            '>' | '<' => break,
            '"' | '\'' => {
                let close = rest[1..].find(c).map_or(rest.len(), |end| end + 2);
                spans.classed(Class::String, &rest[..close]);
                close
            }
            '{' if rest.starts_with("{{") || rest.starts_with("{%") => template(rest, spans),
            c if is_name(c) => {
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                let is_value = text[..at].ends_with('=');
                let class = if is_value {
                    Class::String
                } else {
                    Class::Constant
                };
                spans.classed(class, &rest[..end]);
                end
            }
            c => {
                spans.plain(&rest[..c.len_utf8()]);
                c.len_utf8()
            }
        };
        at += length;
    }
    if text[at..].starts_with('>') {
        spans.plain(">");
        at += 1;
        let inner = match text[name_at..name_end].to_ascii_lowercase().as_str() {
            "script" if slash == 0 => Some(("js", "</script")),
            "style" if slash == 0 => Some(("css", "</style")),
            _ => None,
        };
        if let Some((language, close)) = inner
            && let Some(end) = text[at..].find(close)
        {
            words(language, &text[at..at + end], spans);
            at += end;
        }
    }
    at
}

/// The lines of a difference.
pub(super) fn scan_diff(code: &str, spans: &mut Spans<'_>) {
    for line in code.split_inclusive('\n') {
        let text = line.strip_suffix('\n').unwrap_or(line);
        let class = match text.as_bytes().first() {
            _ if text.starts_with("+++") || text.starts_with("---") => Some(Class::Constant),
            _ if text.starts_with("diff ") || text.starts_with("index ") => Some(Class::Comment),
            Some(b'+') => Some(Class::Inserted),
            Some(b'-') => Some(Class::Deleted),
            Some(b'@') => Some(Class::Function),
            _ => None,
        };
        match class {
            Some(class) => spans.classed(class, text),
            None => spans.plain(text),
        }
        spans.plain(&line[text.len()..]);
    }
}

/// A session of a shell: lines after a prompt are commands, and the others what they print.
pub(super) fn scan_console(code: &str, spans: &mut Spans<'_>) {
    for line in code.split_inclusive('\n') {
        let prompt = ["$ ", "# ", "> ", "% "]
            .into_iter()
            .find(|prompt| line.starts_with(prompt));
        match prompt {
            Some(prompt) => {
                spans.classed(Class::Comment, prompt);
                words("bash", &line[prompt.len()..], spans);
            }
            None => spans.plain(line),
        }
    }
}

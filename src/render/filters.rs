//! Filters whose result can be much larger than what they are given: a short template could make
//! gigabytes in one step, which costs no fuel. Their results are estimated before they are made.

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, filters};

use super::failure::failure;
use crate::diag::code;

/// The most that one filter may make, in bytes (or items).
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Estimates the size of a result from the arguments; the value that is filtered comes first.
type Estimate = fn(&[Value]) -> usize;

/// Puts the bounds around the engine's own filters.
pub(super) fn bound_filters(environment: &mut Environment<'static>) {
    let bounded: [(&'static str, Value, Estimate); 6] = [
        ("format", Value::from_function(filters::format), format),
        ("indent", Value::from_function(filters::indent), indent),
        ("replace", Value::from_function(filters::replace), replace),
        ("join", Value::from_function(filters::join), join),
        ("batch", Value::from_function(filters::batch), count),
        ("slice", Value::from_function(filters::slice), count),
    ];
    for (name, inner, estimate) in bounded {
        environment.add_filter(
            name,
            move |state: &mut State, arguments: Rest<ValueOrKwargs>| -> Result<Value, Error> {
                let arguments = arguments.into_values();
                if estimate(&arguments) > MAX_BYTES {
                    return Err(failure(
                        code::TEMPLATE_ENDLESS,
                        format!("the filter `{name}` would make more than 16 MiB"),
                        None,
                    ));
                }
                inner.call(state, &arguments)
            },
        );
    }
}

/// A number among the arguments, by its place or its name.
fn number(arguments: &[Value], index: usize, name: &str) -> usize {
    let named = arguments.last().filter(|last| last.is_kwargs());
    let value = match arguments.get(index).filter(|value| !value.is_kwargs()) {
        Some(value) => Some(value.clone()),
        None => named.and_then(|named| named.get_attr(name).ok()),
    };
    value
        .and_then(|value| usize::try_from(value).ok())
        .unwrap_or(0)
}

fn text(arguments: &[Value], index: usize) -> &str {
    arguments.get(index).and_then(Value::as_str).unwrap_or("")
}

/// `%9s` pads, and one argument may be written many times.
fn format(arguments: &[Value]) -> usize {
    let template = text(arguments, 0);
    let widths = template
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse().unwrap_or(usize::MAX));
    let padding = widths.fold(0, usize::saturating_add);
    let given = arguments.iter().skip(1);
    let size = |value: &Value| match value.kind() {
        ValueKind::Map => {
            let keys = value.try_iter().into_iter().flatten();
            keys.filter_map(|key| value.get_item(&key).ok())
                .map(|value| value.as_str().map_or(0, str::len))
                .max()
                .unwrap_or(0)
        }
        _ => value.as_str().map_or(0, str::len),
    };
    let longest = given.map(size).max().unwrap_or(0);
    let places = template.matches('%').count();
    template
        .len()
        .saturating_add(padding)
        .saturating_add(longest.saturating_mul(places))
}

fn indent(arguments: &[Value]) -> usize {
    let text = text(arguments, 0);
    let lines = 1 + text.matches('\n').count();
    let width = number(arguments, 1, "width");
    text.len().saturating_add(lines.saturating_mul(width))
}

fn replace(arguments: &[Value]) -> usize {
    let (value, to) = (text(arguments, 0), text(arguments, 2));
    let found = value.matches(text(arguments, 1)).count();
    value.len().saturating_add(found.saturating_mul(to.len()))
}

fn join(arguments: &[Value]) -> usize {
    let Some(items) = arguments.first() else {
        return 0;
    };
    let named = arguments.last().filter(|last| last.is_kwargs());
    let joiner = match text(arguments, 1) {
        "" => named
            .and_then(|named| named.get_attr("d").ok())
            .and_then(|value| value.as_str().map(str::len))
            .unwrap_or(0),
        joiner => joiner.len(),
    };
    let between = items.len().unwrap_or(0).saturating_mul(joiner);
    // What can be gone over once only is left to `join` itself.
    let inside = match items.kind() {
        ValueKind::Seq => items
            .try_iter()
            .into_iter()
            .flatten()
            .map(|item| item.as_str().map_or(0, str::len))
            .fold(0, usize::saturating_add),
        _ => 0,
    };
    between.saturating_add(inside)
}

fn count(arguments: &[Value]) -> usize {
    number(arguments, 1, "count")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str) -> Result<String, Error> {
        let mut environment = Environment::new();
        bound_filters(&mut environment);
        environment.render_str(template, minijinja::context! { big => "x".repeat(1 << 20) })
    }

    #[test]
    fn ordinary_uses_work() {
        for (template, result) in [
            ("{{ '%5s|%-3d|'|format('a', 7) }}", "    a|7  |"),
            ("{{ '%(a)s %(a)s'|format({'a': 1}) }}", "1 1"),
            ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
            ("{{ 'a\nb'|indent(width=3, first=true) }}", "   a\n   b"),
            ("{{ 'aXbX'|replace('X', '--') }}", "a--b--"),
            ("{{ [1, 'b']|join(', ') }}", "1, b"),
            ("{{ [1, 'b']|join }}", "1b"),
            ("{{ range(5)|batch(2)|list|length }}", "3"),
            ("{{ range(5)|slice(2)|list|length }}", "2"),
            ("{{ big|replace('x', 'yy')|length }}", "2097152"),
        ] {
            assert_eq!(render(template).unwrap(), result, "{template}");
        }
    }

    #[test]
    fn gigabytes_are_refused_before_they_are_made() {
        for template in [
            "{{ '%999999999s'|format('x') }}",
            "{{ '%99999999999999999999999s'|format('x') }}",
            "{{ ('%(a)s' * 1000)|format({'a': big}) }}",
            "{{ 'a\nb'|indent(999999999) }}",
            "{{ 'a\nb'|indent(width=999999999) }}",
            "{{ big|replace('x', big) }}",
            "{{ big|replace('', big) }}",
            "{{ range(1000)|join(big) }}",
            "{{ range(1000)|join(d=big) }}",
            "{{ [big, big, big, big, big, big, big, big, big, big, big, big, big, big, big, big, big]|join }}",
            "{{ [1]|batch(999999999, 0)|list }}",
            "{{ [1]|slice(999999999)|list }}",
        ] {
            let error = render(template).unwrap_err();
            let detail = error.detail().unwrap_or_default();
            assert!(detail.contains("16 MiB"), "{template}: {detail}");
        }
    }
}

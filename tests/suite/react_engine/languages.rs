//! Numbers, dates and lists are written as browsers write them, or not at all.

use std::fs;

use rbgen::model::Library;
use rbgen::render::react::FaultKind;

use super::{html, render};
use crate::harness::project;

/// What Chromium's Intl says of each case; `node tests/react/intl.mjs` writes the file.
#[test]
fn what_is_written_differently_in_each_language_is_written_as_in_browsers() {
    let cases = fs::read_to_string(project().join("tests/react/intl.json")).unwrap();
    let code = "return ({ cases }) => {
        const wrong = [];
        for (const [kind, locale, options, given, expected] of cases) {
            let value = given;
            if (kind === 'number' && typeof given === 'string') {
                value = given.endsWith('n') ? BigInt(given.slice(0, -1)) : Number(given);
            }
            const date = new Date(kind.startsWith('date') ? value : 0);
            const { unit, ...rest } = options;
            let said;
            switch (kind) {
                case 'number': said = [value.toLocaleString(locale, options),
                    new Intl.NumberFormat(locale, options).format(value)]; break;
                case 'date': said = [Intl.DateTimeFormat(locale, options).format(date),
                    new Intl.DateTimeFormat(locale, options).formatToParts(date).map(part => part.value).join('')]; break;
                case 'dateDay': said = [date.toLocaleDateString(locale, options)]; break;
                case 'dateTime': said = [date.toLocaleTimeString(locale, { ...options, timeZone: 'UTC' })]; break;
                case 'dateString': said = [date.toLocaleString(locale, options)]; break;
                case 'list': said = [new Intl.ListFormat(locale, options).format(value)]; break;
                case 'relative': said = [new Intl.RelativeTimeFormat(locale, rest).format(value, unit)]; break;
                case 'plural': said = [new Intl.PluralRules(locale, options).select(value)]; break;
                case 'compare': said = [value[0].localeCompare(value[1], locale, options),
                    [value[1], value[0]].sort(new Intl.Collator(locale, options).compare)[0] === value[1]
                        ? (expected === 0 ? 0 : 1) : -1]; break;
            }
            if (!said.every(one => one === expected)) wrong.push([kind, locale, options, given, expected, said]);
        }
        return $h('p', null, cases.length, ' ', JSON.stringify(wrong.slice(0, 20)));
    };";
    let count = cases.lines().count() - 2;
    assert!(count > 2_000, "{count}");
    let said = html(Library::Preact, code, &format!("{{\"cases\": {cases}}}"));
    assert_eq!(said, format!("<p>{count} []</p>"));
}

#[test]
fn what_is_not_known_of_a_language_is_an_error() {
    let codes = [
        "(1).toLocaleString('hi-IN')",
        "(1).toLocaleString('de-CH')",
        "new Date().toLocaleDateString('en-US', { timeZone: 'America/New_York' })",
        "new Date().toLocaleDateString('en-US', { timeZoneName: 'short' })",
        "new Date().toLocaleDateString('en-US', { month: 'narrow' })",
        "(1).toLocaleString('en-US', { style: 'unit', unit: 'liter' })",
        "(1).toLocaleString('en-US', { style: 'currency', currency: 'XYZ' })",
        "(1).toLocaleString('de-DE', { notation: 'compact' })",
        "(1).toLocaleString('en-US', { notation: 'scientific' })",
        "'a'.localeCompare('\u{434}')",
        "'ss'.localeCompare('\u{df}')",
        "['\u{e9}', '\u{e8}'].sort(new Intl.Collator().compare)",
        "new Intl.Segmenter('en')",
        "new Intl.DisplayNames('en', { type: 'region' })",
        "'i'.toLocaleUpperCase('tr')",
    ];
    for code in codes {
        let code = format!("return () => $h('p', null, String({code}))");
        let fault = render(Library::Preact, &code, "{}").unwrap_err();
        assert_eq!(fault.kind, FaultKind::Failed, "{code}: {fault:?}");
        let says = "is not known while the site is built";
        assert!(fault.message.ends_with(says), "{code}: {fault:?}");
        assert!(fault.hint.unwrap().contains("hydrate"));
    }
    // It is there also where no name of it is in the code.
    let put_together =
        "return () => $h('p', null, (1234.5)['to' + 'LocaleString'](), 'i'.toLocaleUpperCase())";
    assert_eq!(html(Library::Preact, put_together, "{}"), "<p>1,234.5I</p>");
}

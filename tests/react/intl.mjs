// Writes what Chromium's Intl says into src/render/react/engine/intl.data (what rbgen knows of each locale,
// a line of JSON each) and tests/react/intl.json (what it must print): node tests/react/intl.mjs [chromium]

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const inBrowser = () => {
    const LOCALES = ["en-US", "en-GB", "de-DE", "fr-FR"];
    const UTC = { timeZone: "UTC" };
    const CURRENCIES = ("AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW "
        + "MXN MYR NGN NOK NZD PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR").split(" ");
    // A Tuesday whose numbers have one digit each.
    const sample = new Date(Date.UTC(2026, 1, 3, 4, 5, 6));
    const afternoon = new Date(Date.UTC(2026, 1, 3, 16, 5, 6));
    const midnight = new Date(Date.UTC(2026, 1, 3, 0, 5, 6));
    const chosen = options => Object.fromEntries(Object.entries(options).filter(([, value]) => value));
    const NUMERIC = ["", "numeric", "2-digit"];
    const NAMED = ["", "short", "long"];
    const MONTHS = ["", "numeric", "2-digit", "short", "long"];

    function namesOf(locale) {
        const names = (count, date, type, options) => Array.from({ length: count }, (_, at) =>
            new Intl.DateTimeFormat(locale, { ...UTC, ...options }).formatToParts(date(at))
                .find(part => part.type === type).value);
        const month = at => Date.UTC(2026, at, 3);
        const weekday = at => Date.UTC(2026, 1, 1 + at);
        return {
            MMM: names(12, month, "month", { month: "short", day: "numeric" }),
            MMMM: names(12, month, "month", { month: "long", day: "numeric" }),
            LLL: names(12, month, "month", { month: "short" }),
            LLLL: names(12, month, "month", { month: "long" }),
            E: names(7, weekday, "weekday", { weekday: "short", month: "short", day: "numeric" }),
            EEEE: names(7, weekday, "weekday", { weekday: "long", month: "long", day: "numeric" }),
            ccc: names(7, weekday, "weekday", { weekday: "short" }),
            cccc: names(7, weekday, "weekday", { weekday: "long" }),
        };
    }

    function pattern(locale, names, options) {
        const format = new Intl.DateTimeFormat(locale, { ...UTC, ...options });
        const late = format.formatToParts(afternoon);
        const early = format.formatToParts(midnight);
        return format.formatToParts(sample).map((part, at) => {
            const long = part.value.length > 1;
            switch (part.type) {
                case "literal": return /[A-Za-z\u00c0-\u024f']/.test(part.value)
                    ? `'${part.value.replaceAll("'", "''")}'` : part.value;
                case "year": return part.value === "2026" ? "y" : "yy";
                case "day": return long ? "dd" : "d";
                case "minute": return long ? "mm" : "m";
                case "second": return long ? "ss" : "s";
                case "dayPeriod": return "a";
                case "timeZoneName": return part.value === "UTC" ? "z" : "zzzz";
                case "hour": {
                    const of24 = late[at].value === "16";
                    const zero = Number(early[at].value);
                    const letter = of24 ? (zero === 24 ? "k" : "H") : (zero === 12 ? "h" : "K");
                    return long ? letter + letter : letter;
                }
                case "month":
                    if (/^\d/.test(part.value)) return long ? "MM" : "M";
                    for (const key of ["MMM", "MMMM", "LLL", "LLLL"]) if (names[key][1] === part.value) return key;
                    throw new Error(`month ${part.value}`);
                case "weekday":
                    for (const key of ["E", "EEEE", "ccc", "cccc"]) if (names[key][2] === part.value) return key;
                    throw new Error(`weekday ${part.value}`);
                default: throw new Error(`part ${part.type}`);
            }
        }).join("");
    }

    function dataOf(locale) {
        const names = namesOf(locale);
        const data = { locale, names, date: {}, glue: {}, time: {}, styles: {}, currencies: {}, list: {}, relative: {} };
        const halves = [sample, afternoon].map(date => new Intl.DateTimeFormat(locale, { ...UTC, hour: "numeric", hour12: true })
            .formatToParts(date).find(part => part.type === "dayPeriod").value);
        data.halves = halves;
        data.zone = new Intl.DateTimeFormat(locale, { ...UTC, timeStyle: "full" })
            .formatToParts(sample).find(part => part.type === "timeZoneName").value;
        const clocks = [["", {}], ["12", { hour12: true }], ["24", { hour12: false }]];
        const short = pattern(locale, names, { hour: "numeric", minute: "2-digit" });
        NAMED.forEach((weekday, w) => NUMERIC.forEach((year, y) => MONTHS.forEach((month, m) => NUMERIC.forEach((day, d) => {
            const options = chosen({ weekday, year, month, day });
            if (Object.keys(options).length === 0) return;
            const key = `${w}${y}${m}${d}`;
            const date = pattern(locale, names, options);
            const both = pattern(locale, names, { ...options, hour: "numeric", minute: "2-digit" });
            data.date[key] = date;
            if (both.startsWith(date) && both.endsWith(short)) {
                data.glue[key] = both.slice(date.length, both.length - short.length);
            } else if (both.endsWith(short)) {
                data.glue[key] = [both.slice(0, both.length - short.length)];
            } else if (both.startsWith(short)) {
                data.glue[key] = ["", both.slice(short.length)];
            } else throw new Error(`${locale} ${key}: ${both}`);
        }))));
        NUMERIC.forEach((hour, h) => NUMERIC.forEach((minute, m) => NUMERIC.forEach((second, s) => {
            const options = chosen({ hour, minute, second });
            if (Object.keys(options).length === 0) return;
            for (const [clock, how] of clocks) data.time[`${h}${m}${s}${clock}`] = pattern(locale, names, { ...options, ...how });
        })));
        for (const style of ["full", "long", "medium", "short"]) {
            const date = pattern(locale, names, { dateStyle: style });
            const time = pattern(locale, names, { timeStyle: "short" });
            const both = pattern(locale, names, { dateStyle: style, timeStyle: "short" });
            if (!both.startsWith(date) || !both.endsWith(time)) throw new Error(`${locale} ${style}: ${both}`);
            data.styles[style] = {
                date,
                glue: both.slice(date.length, both.length - time.length),
                time: clocks.map(([, how]) => pattern(locale, names, { timeStyle: style, ...how })),
            };
        }
        const parts = new Intl.NumberFormat(locale).formatToParts(-12345678.5);
        data.group = parts.find(part => part.type === "group").value;
        data.decimal = parts.find(part => part.type === "decimal").value;
        data.percent = new Intl.NumberFormat(locale, { style: "percent" }).format(0.01).slice(1);
        if (locale.startsWith("en")) data.compact = [1e3, 1e6, 1e9, 1e12].map(value =>
            new Intl.NumberFormat(locale, { notation: "compact" }).format(value).slice(1));
        for (const currency of CURRENCIES) {
            const digits = new Intl.NumberFormat(locale, { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
            data.currencies[currency] = [digits, ...["symbol", "narrowSymbol", "code"].flatMap(currencyDisplay => {
                const text = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay, maximumFractionDigits: 0 }).format(1);
                return text.split("1");
            })];
        }
        for (const type of ["conjunction", "disjunction", "unit"]) {
            for (const style of ["long", "short", "narrow"]) {
                const format = new Intl.ListFormat(locale, { type, style });
                const between = of => format.formatToParts(of).filter(part => part.type === "literal").map(part => part.value);
                const [pair] = between(["A", "B"]);
                const [start, middle, end] = between(["A", "B", "C", "D"]);
                data.list[type[0] + style[0]] = [pair, start, middle, end];
            }
        }
        for (const unit of ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]) {
            for (const style of ["long", "short", "narrow"]) {
                const always = new Intl.RelativeTimeFormat(locale, { style });
                const auto = new Intl.RelativeTimeFormat(locale, { style, numeric: "auto" });
                const words = {};
                for (let value = -3; value <= 3; value++) {
                    if (auto.format(value, unit) !== always.format(value, unit)) words[value] = auto.format(value, unit);
                }
                data.relative[unit + style[0]] = [
                    [-1, -5, 1, 5].map(value => always.format(value, unit).replace(/[15]/, "#")), words,
                ];
            }
        }
        return data;
    }

    // Which characters come before which, where nothing else differs; what is not among them is not known.
    function orderOf() {
        const collator = new Intl.Collator("en", { sensitivity: "base" });
        const all = [..." _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz\t\n\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2022\u00b7\u00a1\u00bf\u00a7\u00a9\u00ae\u00b0\u20ac\u00a3\u00a5"];
        all.sort(collator.compare);
        const groups = [];
        for (const one of all) {
            const last = groups.at(-1);
            if (last && collator.compare(last[0], one) === 0) last.push(one); else groups.push([one]);
        }
        // Of those that differ only in kind, such as quotes, the one of ASCII.
        const known = group => group.length === 1 ? group[0] : group.filter(one => one < "\u0080").length === 1
            ? group.find(one => one < "\u0080") : "";
        return groups.map(known).join("");
    }

    function random(seed) {
        return () => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return seed / 4294967296; };
    }

    function casesOf() {
        const cases = [];
        const dice = random(7);
        const pick = list => list[Math.floor(dice() * list.length)];
        const put = (kind, locale, options, value, expected) => cases.push([kind, locale, options, value, expected]);
        const numbers = [0, -0, 1, -1, 5, 9.5, 0.5, 1.005, 2.675, 1.45, 0.1 + 0.2, 1e-7, 123.456, 999.995, 1234, 12345.678, 999999.5,
            -1234567.891, 1e15, 1e21, 123456789012345680000, 5e-324, 1.7976931348623157e308, 0.000123456, 99.995, 1500, 15000, 150000, 1250000,
            999499, 999500, 1e9, 1.25e12, 2e15, 12345e12, "NaN", "Infinity", "-Infinity", "123456789012345678901234567890n", "-42n"];
        const numberOptions = [{}, { maximumFractionDigits: 0 }, { minimumFractionDigits: 2 }, { minimumFractionDigits: 1, maximumFractionDigits: 1 },
            { maximumFractionDigits: 5 }, { useGrouping: false }, { style: "percent" }, { style: "percent", maximumFractionDigits: 1 },
            { minimumIntegerDigits: 3 }, { maximumSignificantDigits: 3 }, { minimumSignificantDigits: 3, maximumSignificantDigits: 5 },
            { signDisplay: "always" }, { signDisplay: "exceptZero" }, { signDisplay: "never" }, { useGrouping: "min2" }, { minimumFractionDigits: 12 },
            { style: "currency", currency: "USD" }, { style: "currency", currency: "EUR" }, { style: "currency", currency: "JPY" },
            { style: "currency", currency: "CHF" }, { style: "currency", currency: "usd", maximumFractionDigits: 0 },
            { style: "currency", currency: "GBP", currencyDisplay: "code" }, { style: "currency", currency: "CAD", currencyDisplay: "narrowSymbol" },
            { style: "currency", currency: "SEK", minimumFractionDigits: 0 }];
        for (const locale of LOCALES) {
            for (const options of numberOptions) for (const text of numbers) {
                const value = typeof text !== "string" ? text : text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text);
                const told = Object.is(value, -0) ? "-0" : text;
                put("number", locale, options, told, new Intl.NumberFormat(locale, options).format(value));
            }
            for (const currency of CURRENCIES) put("number", locale, { style: "currency", currency }, -1234.5,
                new Intl.NumberFormat(locale, { style: "currency", currency }).format(-1234.5));
        }
        for (const locale of ["en-US", "en-GB"]) for (const options of [{ notation: "compact" }, { notation: "compact", maximumFractionDigits: 1 },
            { notation: "compact", minimumFractionDigits: 1, maximumFractionDigits: 2 }]) for (const value of numbers) {
            if (typeof value === "number" && !Object.is(value, -0)) put("number", locale, options, value, new Intl.NumberFormat(locale, options).format(value));
        }
        const times = [0, Date.UTC(2026, 2, 9), Date.UTC(2026, 1, 3, 4, 5, 6), Date.UTC(1999, 11, 31, 23, 59, 59), Date.UTC(2024, 8, 29, 12, 30),
            Date.UTC(2000, 4, 1, 13), Date.UTC(2010, 6, 4, 0, 7), Date.UTC(2031, 9, 10, 10, 10, 10), Date.UTC(987, 5, 6)];
        for (const locale of LOCALES) {
            const date = options => put("date", locale, options, pick(times), null);
            for (const time of times) for (const options of [{}, { dateStyle: "full", timeStyle: "full" }, { dateStyle: "medium", timeStyle: "short" }]) {
                put("date", locale, options, time, null);
                put("dateString", locale, {}, time, null);
                put("dateDay", locale, {}, time, null);
                put("dateTime", locale, {}, time, null);
            }
            for (const dateStyle of ["", "full", "long", "medium", "short"]) for (const timeStyle of ["", "full", "long", "medium", "short"])
                for (const hour12 of [undefined, true, false]) if (dateStyle || timeStyle) date(JSON.parse(JSON.stringify({
                    ...chosen({ dateStyle, timeStyle }), hour12: timeStyle ? hour12 : undefined })));
            for (let count = 0; count < 400; count++) {
                const options = chosen({ weekday: pick(NAMED), year: pick(NUMERIC), month: pick(MONTHS), day: pick(NUMERIC),
                    ...(dice() < 0.4 ? { hour: pick(NUMERIC), minute: pick(NUMERIC), second: pick(NUMERIC) } : {}) });
                if (options.hour && dice() < 0.4) options.hour12 = dice() < 0.5;
                if (options.hour && dice() < 0.1) options.hourCycle = pick(["h12", "h23"]);
                date(options);
            }
            for (const method of ["dateDay", "dateTime", "dateString"]) for (const options of [{ month: "long" }, { hour: "2-digit" },
                { hour: "numeric", minute: "2-digit" }, { year: "numeric", month: "short", day: "numeric" }, { weekday: "long" }, { hour12: false }]) {
                put(method, locale, options, pick(times), null);
            }
            for (const of of [[], ["A"], ["A", "B"], ["A", "B", "C"], ["A", "B", "C", "D", "E"]])
                for (const type of ["conjunction", "disjunction", "unit"]) for (const style of ["long", "short", "narrow"])
                    put("list", locale, { type, style }, of, new Intl.ListFormat(locale, { type, style }).format(of));
            for (const unit of ["second", "minutes", "hour", "days", "week", "month", "quarters", "year"]) for (const numeric of ["always", "auto"])
                for (const style of ["long", "short", "narrow"]) for (const value of [-1234.5, -2, -1, 0, 1, 1.5, 2, 10])
                    put("relative", locale, { numeric, style, unit }, value, new Intl.RelativeTimeFormat(locale, { numeric, style }).format(value, unit));
            for (const type of ["cardinal", "ordinal"]) for (const value of [0, 1, 1.5, 2, 3, 4, 10, 11, 12, 13, 21, 22, 23, 101, 111, 1.01, -1, 999999])
                put("plural", locale, { type }, value, new Intl.PluralRules(locale, { type }).select(value));
        }
        for (const one of cases) if (one[4] === null) {
            const [kind, locale, options, time] = one;
            const date = new Date(time);
            const utc = { ...options, timeZone: "UTC" };
            one[4] = kind === "date" ? new Intl.DateTimeFormat(locale, utc).format(date)
                : kind === "dateDay" ? date.toLocaleDateString(locale, utc)
                : kind === "dateTime" ? date.toLocaleTimeString(locale, utc) : date.toLocaleString(locale, utc);
        }
        const letters = [..."aAbBzZ09eEéèêEÉoöOñnüu -_.,'!(", "É", "ab", "Ab", "10", "9", "2"];
        for (const options of [{}, { sensitivity: "base" }, { sensitivity: "accent" }, { sensitivity: "case" }, { numeric: true }]) {
            for (let count = 0; count < 120; count++) {
                const word = () => Array.from({ length: 1 + Math.floor(dice() * 4) }, () => pick(letters)).join("");
                const first = word();
                const second = dice() < 0.4 ? first.slice(0, 1) + word() : word();
                put("compare", "en-US", options, [first, second], new Intl.Collator("en-US", options).compare(first, second));
            }
        }
        // All of them are more than anybody reads: a tenth, and what is said most.
        return cases.filter(([kind, locale]) => dice() < (kind === "compare" ? 1 : locale === "en-US" ? 0.4 : 0.15));
    }

    return { data: LOCALES.map(dataOf), order: orderOf(), cases: casesOf() };
};

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "intl-"));
writeFileSync(join(folder, "page.html"), `<!doctype html><meta charset=utf-8><pre id=out></pre><script>
let said;
try { said = JSON.stringify((${inBrowser})()) } catch (error) { said = "!" + error.stack }
document.getElementById("out").textContent = btoa(unescape(encodeURIComponent(said)));
</script>`);
const dom = execFileSync(process.argv[2] ?? "chromium",
    ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", `file://${join(folder, "page.html")}`],
    { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] });
rmSync(folder, { recursive: true });
const said = Buffer.from(/<pre id="out">([^<]*)</.exec(dom)[1], "base64").toString("utf8");
if (said.startsWith("!")) throw new Error(said);
const { data, order, cases } = JSON.parse(said);
const ascii = value => JSON.stringify(value).replace(/[\u007f-\uffff]/g, unit => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));
writeFileSync(join(here, "../../src/render/react/engine/intl.data"), [{ order }, ...data].map(ascii).join("\n") + "\n");
writeFileSync(join(here, "intl.json"), "[\n" + cases.map(ascii).join(",\n") + "\n]\n");

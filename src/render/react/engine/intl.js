// Numbers, dates and lists as they are written in some languages, exactly as Chromium writes them, and an
// error for all that is not known here: what is silently different from the browser would be worse.
//
// The value is a function of
//   now    a function that gives the time in milliseconds since 1970,
//   lines  what is known: a line of JSON with the order of characters, and one for each locale
//          (tests/react/intl.mjs writes them).
// It gives { Intl, number, date, string }: the last three have the methods of the prototypes, which take
// what they are called on first.
(function (now, lines) {
    "use strict";

    const texts = lines.trim().split("\n");
    const LOCALES = ["en-US", "en-GB", "de-DE", "fr-FR"];
    const known = new Map();

    function unknown(what) {
        return new RangeError(`${what} is not known while the site is built`);
    }

    // ---- Locales and options -----------------------------------------------------------------------
    function locale(wanted) {
        if (wanted === undefined) return LOCALES[0];
        const first = typeof wanted === "string" ? wanted : wanted[0];
        if (first === undefined) return LOCALES[0];
        if (typeof first !== "string") throw new TypeError("a locale is a text");
        const name = first.toLowerCase();
        const found = LOCALES.find(one => one.toLowerCase() === name);
        // A language alone is written as where most speak it.
        const language = { en: "en-US", de: "de-DE", fr: "fr-FR" }[name];
        if (found === undefined && language === undefined) throw unknown(`the locale ${JSON.stringify(first)}`);
        return found ?? language;
    }

    function dataOf(name) {
        let data = known.get(name);
        if (data === undefined) {
            data = JSON.parse(texts[1 + LOCALES.indexOf(name)]);
            known.set(name, data);
        }
        return data;
    }

    // The options, each one of those that are known; the first of a list is the default.
    function read(options, choices) {
        const given = options === undefined ? {} : Object(options);
        const values = {};
        for (const name of Object.keys(choices)) {
            let value = given[name];
            const allowed = choices[name];
            if (value === undefined) {
                value = typeof allowed === "function" ? undefined : allowed[0];
            } else if (typeof allowed === "function") {
                value = allowed(value, name);
            } else {
                value = typeof value === "boolean" ? value : `${value}`;
                if (!allowed.includes(value)) throw unknown(`${name}: ${JSON.stringify(value)}`);
            }
            values[name] = value;
        }
        return values;
    }

    function from(least, most) {
        return function (value, name) {
            const number = Number(value);
            if (!(number >= least && number <= most)) throw new RangeError(`${name} value is out of range`);
            return Math.floor(number);
        };
    }

    const only = (...values) => values;
    const joined = parts => parts.map(part => part.value).join("");

    // A constructor of Intl: `make` gives the methods of one. Those of its objects are their own, bound.
    function constructor(name, callable, make) {
        const made = function (...given) {
            if (!new.target && !callable) throw new TypeError(`Intl.${name} must be called with new`);
            const it = new.target ? this : Object.create(made.prototype);
            const methods = make(...given);
            for (const key of Object.keys(methods)) {
                Object.defineProperty(it, key, { value: methods[key], writable: true, configurable: true });
            }
            return it;
        };
        Object.defineProperty(made, "name", { value: name, configurable: true });
        Object.defineProperty(made.prototype, Symbol.toStringTag, { value: `Intl.${name}`, configurable: true });
        made.supportedLocalesOf = list => (typeof list === "string" ? [list] : [...(list ?? [])]).filter(one => {
            try {
                return locale(one) !== undefined;
            } catch {
                return false;
            }
        });
        return made;
    }

    // ---- Numbers -----------------------------------------------------------------------------------
    // A finite number that is not negative, as digits before and after the point: the shortest that mean it.
    function digitsOf(value) {
        const text = typeof value === "bigint" ? `${value < 0n ? -value : value}` : `${Math.abs(value)}`;
        const [mantissa, exponent] = text.split("e");
        const [whole, part = ""] = mantissa.split(".");
        let digits = whole + part;
        let point = whole.length + Number(exponent ?? 0);
        if (point < 0) {
            digits = "0".repeat(-point) + digits;
            point = 0;
        }
        return { digits: digits.padEnd(point, "0"), point };
    }

    // Rounds to `places` digits after the point (also fewer than none), half away from zero.
    function rounded({ digits, point }, places) {
        const end = point + places;
        if (end >= digits.length) return { digits, point };
        if (end < 0) return { digits: "0".repeat(Math.max(point, 1)), point: Math.max(point, 1) };
        const up = digits[end] >= "5";
        let kept = digits.slice(0, end);
        if (up) {
            const next = `${BigInt(kept === "" ? "0" : kept) + 1n}`.padStart(kept.length, "0");
            point += next.length - kept.length;
            kept = next;
        }
        return { digits: kept.padEnd(point, "0"), point };
    }

    function leadingZeros({ digits }) {
        const first = digits.search(/[1-9]/);
        return first < 0 ? digits.length : first;
    }

    // The digits before and after the point, as the options want them.
    function written(number, options) {
        let places = options.mostPlaces;
        let least = options.leastPlaces;
        if (options.mostSignificant !== undefined) {
            const zeros = leadingZeros(number);
            const isZero = zeros === number.digits.length;
            places = isZero ? options.mostSignificant - 1 : options.mostSignificant - (number.point - zeros);
            const at = rounded(number, places);
            // Rounding up may give one digit more before the point.
            least = options.leastSignificant - (isZero ? 1 : at.point - leadingZeros(at));
        }
        const at = rounded(number, places);
        const whole = at.digits.slice(0, at.point).replace(/^0+/, "").padStart(options.leastWhole, "0");
        let part = at.digits.slice(at.point, Math.max(at.point, at.point + Math.max(places, 0)));
        while (part.length > Math.max(least, 0) && part.endsWith("0")) part = part.slice(0, -1);
        return [whole, part.padEnd(Math.max(least, 0), "0")];
    }

    function NumberFormat(wanted, given) {
        const name = locale(wanted);
        const data = dataOf(name);
        const options = read(given, {
            style: only("decimal", "percent", "currency"),
            currency: value => `${value}`.toUpperCase(),
            currencyDisplay: only("symbol", "narrowSymbol", "code"),
            currencySign: only("standard"),
            notation: only("standard", "compact"),
            compactDisplay: only("short"),
            signDisplay: only("auto", "always", "exceptZero", "negative", "never"),
            useGrouping: value => value,
            minimumIntegerDigits: from(1, 21),
            minimumFractionDigits: from(0, 100),
            maximumFractionDigits: from(0, 100),
            minimumSignificantDigits: from(1, 21),
            maximumSignificantDigits: from(1, 21),
            roundingMode: only("halfExpand"),
            roundingPriority: only("auto"),
            roundingIncrement: only("1"),
            trailingZeroDisplay: only("auto"),
            numberingSystem: only("latn"),
            localeMatcher: only("best fit", "lookup"),
        });
        const { style, currency, signDisplay } = options;
        const compact = options.notation === "compact";
        if (compact && (data.compact === undefined || style !== "decimal")) throw unknown(`notation: "compact" with ${name} and ${style}`);
        let money;
        if (style === "currency") {
            if (currency === undefined) throw new TypeError("Currency code is required with currency style.");
            money = data.currencies[currency];
            if (money === undefined) throw unknown(`the currency ${JSON.stringify(currency)}`);
        }
        let grouping = options.useGrouping ?? (compact ? "min2" : "auto");
        if (grouping === "true" || grouping === "false") grouping = compact ? "min2" : "auto";
        if (grouping === true) grouping = "always";
        if (!["auto", "always", "min2", false].includes(grouping)) throw unknown(`useGrouping: ${JSON.stringify(grouping)}`);

        // ECMA-402, SetNumberFormatDigitOptions.
        const usual = style === "currency" ? [money[0], money[0]] : style === "percent" ? [0, 0] : [0, compact ? 0 : 3];
        let leastPlaces = options.minimumFractionDigits;
        let mostPlaces = options.maximumFractionDigits;
        const hasPlaces = leastPlaces !== undefined || mostPlaces !== undefined;
        if (leastPlaces === undefined) leastPlaces = Math.min(usual[0], mostPlaces ?? usual[0]);
        else if (mostPlaces === undefined) mostPlaces = Math.max(usual[1], leastPlaces);
        mostPlaces ??= Math.max(usual[1], leastPlaces);
        if (leastPlaces > mostPlaces) throw new RangeError("maximumFractionDigits value is out of range.");
        const hasSignificant = options.minimumSignificantDigits !== undefined || options.maximumSignificantDigits !== undefined;
        const how = { leastWhole: options.minimumIntegerDigits ?? 1, leastPlaces, mostPlaces };
        if (hasSignificant) {
            how.leastSignificant = options.minimumSignificantDigits ?? 1;
            how.mostSignificant = options.maximumSignificantDigits ?? 21;
            if (how.leastSignificant > how.mostSignificant) throw new RangeError("maximumSignificantDigits value is out of range.");
        }

        function compactly(number) {
            if (!compact) return { number, unit: "" };
            // To two digits, or to whole ones where there are more.
            const inUnit = power => {
                const moved = { digits: number.digits.padEnd(number.point, "0"), point: number.point - power };
                if (moved.point < 0) {
                    moved.digits = "0".repeat(-moved.point) + moved.digits;
                    moved.point = 0;
                }
                const size = Math.max(moved.point - leadingZeros(moved), 0);
                const places = hasPlaces || hasSignificant ? how : { ...how, leastPlaces: 0, mostPlaces: size >= 2 ? 0 : 2 - Math.max(size, 1) };
                if (!hasPlaces && !hasSignificant && size === 0) return [moved, { ...how, mostSignificant: 2, leastSignificant: 1 }];
                return [moved, places];
            };
            const size = number.point - leadingZeros(number);
            let power = Math.min(Math.max(Math.floor((size - 1) / 3), 0), data.compact.length);
            let [moved, places] = inUnit(power * 3);
            if (power < data.compact.length && written(moved, places)[0].length > 3) {
                power += 1;
                [moved, places] = inUnit(power * 3);
            }
            return { number: moved, unit: power === 0 ? "" : data.compact[power - 1], places };
        }

        function formatToParts(given) {
            let value = typeof given === "bigint" ? given : typeof given === "string" ? ofText(given) : Number(given);
            const parts = [];
            const isNumber = typeof value === "bigint" || value === value;
            let negative = isNumber && (value < 0 || Object.is(value, -0));
            let isZero = !isNumber;
            const middle = [];
            if (!isNumber) {
                middle.push({ type: "nan", value: "NaN" });
            } else if (value === Infinity || value === -Infinity) {
                middle.push({ type: "infinity", value: "\u221e" });
            } else {
                let number = digitsOf(value);
                if (style === "percent") {
                    number = { digits: number.digits.padEnd(number.point + 2, "0"), point: number.point + 2 };
                }
                const { number: small, unit, places = how } = compactly(number);
                const [whole, part] = written(small, places);
                isZero = !/[1-9]/.test(whole + part);
                const group = grouping !== false && whole.length > (grouping === "min2" ? 4 : 3);
                const groups = group ? whole.match(/\d{1,3}(?=(?:\d{3})*$)/g) : [whole];
                groups.forEach((digits, at) => {
                    if (at > 0) middle.push({ type: "group", value: data.group });
                    middle.push({ type: "integer", value: digits });
                });
                if (part !== "") middle.push({ type: "decimal", value: data.decimal }, { type: "fraction", value: part });
                if (unit !== "") middle.push({ type: "compact", value: unit });
            }
            const sign = {
                auto: negative ? "-" : "",
                always: negative ? "-" : "+",
                exceptZero: isZero ? "" : negative ? "-" : "+",
                negative: negative && !isZero ? "-" : "",
                never: "",
            }[signDisplay];
            if (sign !== "") parts.push({ type: sign === "-" ? "minusSign" : "plusSign", value: sign });
            const around = (text, type) => {
                const [, before, inner, after] = /^(\s*)(.*?)(\s*)$/.exec(text);
                if (before !== "") parts.push({ type: "literal", value: before });
                if (inner !== "") parts.push({ type, value: inner });
                if (after !== "") parts.push({ type: "literal", value: after });
            };
            const which = 1 + 2 * ["symbol", "narrowSymbol", "code"].indexOf(options.currencyDisplay);
            // CLDR's currencySpacing: a space between letters and digits, and not before NaN and infinity.
            if (money) around(middle[0].type === "integer" ? money[which] : money[which].trimEnd(), "currency");
            parts.push(...middle);
            if (money) around(money[which + 1], "currency");
            if (style === "percent") around(data.percent, "percentSign");
            return parts;
        }

        return {
            format: value => joined(formatToParts(value)),
            formatToParts,
            formatRange() { throw unknown("formatRange"); },
            formatRangeToParts() { throw unknown("formatRangeToParts"); },
            resolvedOptions: () => ({
                locale: name, numberingSystem: "latn", style, ...(money ? { currency, currencyDisplay: options.currencyDisplay, currencySign: "standard" } : {}),
                minimumIntegerDigits: how.leastWhole,
                ...(hasSignificant ? { minimumSignificantDigits: how.leastSignificant, maximumSignificantDigits: how.mostSignificant }
                    : { minimumFractionDigits: leastPlaces, maximumFractionDigits: mostPlaces }),
                useGrouping: grouping, notation: options.notation, ...(compact ? { compactDisplay: "short" } : {}), signDisplay,
                roundingIncrement: 1, roundingMode: "halfExpand", roundingPriority: "auto", trailingZeroDisplay: "auto",
            }),
        };
    }

    // A text is taken by its digits, all of them, where it is an integer.
    function ofText(text) {
        const trimmed = text.trim();
        return /^-?[1-9]\d*$/.test(trimmed) ? BigInt(trimmed) : Number(trimmed);
    }

    // ---- Dates -------------------------------------------------------------------------------------
    const WIDTHS = ["", "numeric", "2-digit"];
    const NAMED = ["", "short", "long"];
    const MONTHS = ["", "numeric", "2-digit", "short", "long"];

    // `required` and `defaults` as in ECMA-402, CreateDateTimeFormat: which parts must be asked for, and which
    // are there if none is.
    function DateTimeFormat(wanted, given, required = "any", defaults = "date") {
        const name = locale(wanted);
        const data = dataOf(name);
        const options = read(given, {
            weekday: only("", "short", "long"),
            year: WIDTHS,
            month: MONTHS,
            day: WIDTHS,
            hour: WIDTHS,
            minute: WIDTHS,
            second: WIDTHS,
            hour12: value => Boolean(value),
            hourCycle: only("", "h12", "h23"),
            dateStyle: only("", "full", "long", "medium", "short"),
            timeStyle: only("", "full", "long", "medium", "short"),
            timeZone: value => `${value}`,
            timeZoneName: only(""),
            era: only(""),
            dayPeriod: only(""),
            fractionalSecondDigits: only(""),
            calendar: only("gregory"),
            numberingSystem: only("latn"),
            formatMatcher: only("best fit", "basic"),
            localeMatcher: only("best fit", "lookup"),
        });
        const zone = (options.timeZone ?? "UTC").toUpperCase();
        if (!["UTC", "GMT", "ETC/UTC", "ETC/GMT"].includes(zone)) throw unknown(`the time zone ${JSON.stringify(options.timeZone)}`);
        const { dateStyle, timeStyle } = options;
        const dateParts = [options.weekday, options.year, options.month, options.day];
        const timeParts = [options.hour, options.minute, options.second];
        const asked = parts => parts.some(part => part !== "");
        if (dateStyle !== "" || timeStyle !== "") {
            if (asked([...dateParts, ...timeParts])) throw new TypeError("Can't set option of a part when dateStyle or timeStyle is used");
            if ((required === "date" && timeStyle !== "") || (required === "time" && dateStyle !== "")) {
                throw new TypeError("Invalid option : dateStyle or timeStyle");
            }
        } else {
            const has = (required !== "time" && asked(dateParts)) || (required !== "date" && asked(timeParts));
            if (!has) {
                if (defaults !== "time") dateParts.fill("numeric", 1);
                if (defaults !== "date") timeParts.fill("numeric");
            }
        }
        const clock = options.hour12 !== undefined ? (options.hour12 ? "12" : "24")
            : { "": "", h12: "12", h23: "24" }[options.hourCycle];
        const pattern = dateStyle !== "" || timeStyle !== "" ? styled() : ofParts();

        function styled() {
            const time = timeStyle === "" ? "" : data.styles[timeStyle].time[["", "12", "24"].indexOf(clock)];
            if (dateStyle === "") return time;
            const { date, glue } = data.styles[dateStyle];
            return timeStyle === "" ? date : date + glue + time;
        }

        function ofParts() {
            const [weekday, year, month, day] = dateParts;
            const dateKey = `${NAMED.indexOf(weekday)}${WIDTHS.indexOf(year)}${MONTHS.indexOf(month)}${WIDTHS.indexOf(day)}`;
            const timeKey = timeParts.map(part => WIDTHS.indexOf(part)).join("") + clock;
            const date = dateKey === "0000" ? "" : data.date[dateKey];
            const time = timeKey.startsWith("000") ? "" : data.time[timeKey];
            if (date === "" || time === "") return date + time;
            // Where the date is written differently with a time.
            const glue = data.glue[dateKey];
            if (typeof glue === "string") return date + glue + time;
            return glue.length === 1 ? glue[0] + time : time + glue[1];
        }

        function formatToParts(given) {
            const time = given === undefined ? now() : Number(given);
            if (!(Math.abs(time) <= 8.64e15)) throw new RangeError("Invalid time value");
            const date = new Date(time);
            const year = date.getUTCFullYear();
            if (year < 1) throw unknown("a year before 1");
            const hour = date.getUTCHours();
            const hour12 = hour % 12 === 0 ? 12 : hour % 12;
            const month = date.getUTCMonth();
            const weekday = date.getUTCDay();
            const values = {
                y: ["year", year],
                M: ["month", month + 1],
                d: ["day", date.getUTCDate()],
                H: ["hour", hour],
                k: ["hour", hour === 0 ? 24 : hour],
                h: ["hour", hour12],
                K: ["hour", hour % 12],
                m: ["minute", date.getUTCMinutes()],
                s: ["second", date.getUTCSeconds()],
            };
            const parts = [];
            const literal = value => {
                const last = parts[parts.length - 1];
                if (last?.type === "literal") last.value += value;
                else parts.push({ type: "literal", value });
            };
            for (const [, quoted, field, letter, other] of pattern.matchAll(/'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^'A-Za-z]+)/g)) {
                if (quoted !== undefined) {
                    literal(quoted.replaceAll("''", "'"));
                } else if (other !== undefined) {
                    literal(other);
                } else if (field in data.names) {
                    const isMonth = letter === "M" || letter === "L";
                    parts.push({ type: isMonth ? "month" : "weekday", value: data.names[field][isMonth ? month : weekday] });
                } else if (letter === "a") {
                    parts.push({ type: "dayPeriod", value: data.halves[hour < 12 ? 0 : 1] });
                } else if (letter === "z") {
                    parts.push({ type: "timeZoneName", value: field === "z" ? "UTC" : data.zone });
                } else {
                    const [type, value] = values[letter];
                    parts.push({ type, value: field.length === 1 ? `${value}` : `${value % 100}`.padStart(2, "0") });
                }
            }
            return parts;
        }

        return {
            format: value => joined(formatToParts(value)),
            formatToParts,
            formatRange() { throw unknown("formatRange"); },
            formatRangeToParts() { throw unknown("formatRangeToParts"); },
            resolvedOptions: () => ({ locale: name, calendar: "gregory", numberingSystem: "latn", timeZone: "UTC" }),
        };
    }

    // ---- Plurals, lists, times from now ------------------------------------------------------------
    function PluralRules(wanted, given) {
        const name = locale(wanted);
        const options = read(given, {
            type: only("cardinal", "ordinal"),
            localeMatcher: only("best fit", "lookup"),
            minimumIntegerDigits: only(""),
            minimumFractionDigits: only(""),
            maximumFractionDigits: only(""),
            minimumSignificantDigits: only(""),
            maximumSignificantDigits: only(""),
        });
        const language = name.slice(0, 2);

        function select(value) {
            const number = Math.abs(Number(value));
            // CLDR, plurals.xml and ordinals.xml.
            if (options.type === "ordinal") {
                if (language === "fr") return number === 1 ? "one" : "other";
                if (language === "de" || number % 1 !== 0) return "other";
                if (number % 100 >= 11 && number % 100 <= 13) return "other";
                return ["other", "one", "two", "few"][number % 10] ?? "other";
            }
            if (language === "fr") {
                if (number >= 1e6) throw unknown("the plural of a million in French");
                return number < 2 ? "one" : "other";
            }
            // Of what is rounded to three digits, as it is where no options say how many there are.
            return number === 1 ? "one" : "other";
        }
        return {
            select,
            selectRange() { throw unknown("selectRange"); },
            resolvedOptions: () => ({ locale: name, type: options.type }),
        };
    }

    function ListFormat(wanted, given) {
        const name = locale(wanted);
        const options = read(given, {
            type: only("conjunction", "disjunction", "unit"),
            style: only("long", "short", "narrow"),
            localeMatcher: only("best fit", "lookup"),
        });
        const [pair, start, middle, end] = dataOf(name).list[options.type[0] + options.style[0]];

        function formatToParts(list) {
            const all = [...(list ?? [])];
            const parts = [];
            all.forEach((value, at) => {
                if (typeof value !== "string") throw new TypeError("Iterable yielded a non-String value");
                if (at > 0) {
                    const last = at === all.length - 1;
                    const between = all.length === 2 ? pair : last ? end : at === 1 ? start : middle;
                    parts.push({ type: "literal", value: between });
                }
                parts.push({ type: "element", value });
            });
            return parts;
        }
        return {
            format: list => joined(formatToParts(list)),
            formatToParts,
            resolvedOptions: () => ({ locale: name, type: options.type, style: options.style }),
        };
    }

    function RelativeTimeFormat(wanted, given) {
        const name = locale(wanted);
        const options = read(given, {
            numeric: only("always", "auto"),
            style: only("long", "short", "narrow"),
            numberingSystem: only("latn"),
            localeMatcher: only("best fit", "lookup"),
        });
        const numbers = NumberFormat(name);
        const plurals = PluralRules(name);

        function format(given, unit) {
            const value = Number(given);
            if (!Number.isFinite(value)) throw new RangeError("The value must be a finite number");
            const found = dataOf(name).relative[`${unit}`.replace(/s$/, "") + options.style[0]];
            if (found === undefined) throw new RangeError(`Invalid unit argument for format() '${unit}'`);
            const [patterns, words] = found;
            const isBack = value < 0 || Object.is(value, -0);
            if (options.numeric === "auto" && Object.hasOwn(words, `${value}`)) return words[`${value}`];
            const plural = plurals.select(value) === "one" ? 0 : 1;
            return patterns[(isBack ? 0 : 2) + plural].replace("#", numbers.format(Math.abs(value)));
        }
        return {
            format,
            formatToParts() { throw unknown("formatToParts of a RelativeTimeFormat"); },
            resolvedOptions: () => ({ locale: name, style: options.style, numeric: options.numeric, numberingSystem: "latn" }),
        };
    }

    // ---- Order -------------------------------------------------------------------------------------
    const order = JSON.parse(texts[0]).order;

    // What a text is ordered by: of each letter its place, its mark and its case. Only Latin letters that
    // are an ASCII letter with one mark, and the usual signs, have a known place.
    function keysOf(text, numeric) {
        const places = [];
        const marks = [];
        const cases = [];
        const plain = text.normalize("NFD");
        for (let at = 0; at < plain.length; at++) {
            const one = plain[at];
            if (one >= "\u0300" && one <= "\u036f") {
                if (marks.length === 0 || marks[marks.length - 1] !== "") throw unknown(`the order of ${JSON.stringify(text)}`);
                marks[marks.length - 1] = one;
                continue;
            }
            const small = one.toLowerCase();
            let place = order.indexOf(small);
            if (place < 0) throw unknown(`the order of ${JSON.stringify(one)}`);
            if (numeric && one >= "0" && one <= "9") {
                const [digits] = /^\d+/.exec(plain.slice(at));
                const number = digits.replace(/^0+(?=\d)/, "");
                at += digits.length - 1;
                // Longer numbers are larger, and all of them are before letters.
                place = order.indexOf("0");
                places.push(place, number.length, ...number);
                marks.push("");
                cases.push(0);
                continue;
            }
            places.push(place);
            marks.push("");
            cases.push(small === one ? 0 : 1);
        }
        return { places, marks, cases };
    }

    function compareLists(first, second, compare) {
        for (let at = 0; at < first.length && at < second.length; at++) {
            const decided = compare(first[at], second[at]);
            if (decided !== 0) return decided;
        }
        return Math.sign(first.length - second.length);
    }

    function byNumber(first, second) {
        return Math.sign(Number(first) - Number(second));
    }

    function Collator(wanted, given) {
        const name = locale(wanted);
        const options = read(given, {
            usage: only("sort"),
            sensitivity: only("variant", "base", "accent", "case"),
            ignorePunctuation: only(false),
            numeric: only(false, true),
            caseFirst: only("false"),
            collation: only("default"),
            localeMatcher: only("best fit", "lookup"),
        });
        const { sensitivity, numeric } = options;

        function compare(one, other) {
            const first = keysOf(`${one}`, numeric);
            const second = keysOf(`${other}`, numeric);
            const byPlace = compareLists(first.places, second.places, byNumber);
            if (byPlace !== 0 || sensitivity === "base") return byPlace;
            if (sensitivity !== "case") {
                const byMark = compareLists(first.marks, second.marks, (mark, another) => {
                    if (mark === another) return 0;
                    if (mark === "") return -1;
                    if (another === "") return 1;
                    throw unknown("the order of different accents on one letter");
                });
                if (byMark !== 0 || sensitivity === "accent") return byMark;
            }
            return compareLists(first.cases, second.cases, byNumber);
        }
        return {
            compare,
            resolvedOptions: () => ({ locale: name, usage: "sort", sensitivity, ignorePunctuation: false, collation: "default", numeric, caseFirst: "false" }),
        };
    }

    function plainCase(wanted) {
        const first = wanted === undefined ? "" : typeof wanted === "string" ? wanted : wanted[0] ?? "";
        if (/^(?:tr|az|lt)(?:-|$)/i.test(first)) throw unknown(`the letters of ${JSON.stringify(first)}`);
    }

    const Intl = {
        Collator: constructor("Collator", true, Collator),
        DateTimeFormat: constructor("DateTimeFormat", true, (wanted, given) => DateTimeFormat(wanted, given)),
        ListFormat: constructor("ListFormat", false, ListFormat),
        NumberFormat: constructor("NumberFormat", true, NumberFormat),
        PluralRules: constructor("PluralRules", false, PluralRules),
        RelativeTimeFormat: constructor("RelativeTimeFormat", false, RelativeTimeFormat),
        getCanonicalLocales() { throw unknown("getCanonicalLocales"); },
        supportedValuesOf() { throw unknown("supportedValuesOf"); },
    };
    for (const name of ["DisplayNames", "DurationFormat", "Locale", "Segmenter"]) {
        Intl[name] = function () { throw unknown(`Intl.${name}`); };
    }
    Object.defineProperty(Intl, Symbol.toStringTag, { value: "Intl" });

    const valid = (date, format) => Number.isNaN(date.getTime()) ? "Invalid Date" : format.format(date.getTime());
    return {
        Intl,
        number: {
            toLocaleString: (value, wanted, options) => NumberFormat(wanted, options).format(value.valueOf()),
        },
        date: {
            toLocaleString: (date, wanted, options) => valid(date, DateTimeFormat(wanted, options, "any", "all")),
            toLocaleDateString: (date, wanted, options) => valid(date, DateTimeFormat(wanted, options, "date", "date")),
            toLocaleTimeString: (date, wanted, options) => valid(date, DateTimeFormat(wanted, options, "time", "time")),
        },
        string: {
            localeCompare: (text, other, wanted, options) => Collator(wanted, options).compare(text, other),
            toLocaleUpperCase: (text, wanted) => (plainCase(wanted), `${text}`.toUpperCase()),
            toLocaleLowerCase: (text, wanted) => (plainCase(wanted), `${text}`.toLowerCase()),
        },
    };
})

//! Whether the colours that a theme puts on each other can be read, with a node's tokens.

use lightningcss::traits::Parse;
use lightningcss::values::color::{CssColor, SRGB};

use super::tokens::{TokenValues, default_place, override_place};
use super::value::one_side;
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code, did_you_mean};
use crate::model::{Node, Scheme, Site};

/// Checks the contrast pairs of the node's theme and of those it extends. Too little contrast is a
/// warning, and so is a token that is no colour; a token that does not exist is an error.
pub fn check_contrast(
    site: &Site,
    node: &Node,
    values: &TokenValues,
    diagnostics: &mut Diagnostics,
) {
    let schemes: &[Scheme] = match node.scheme {
        Scheme::Auto => &[Scheme::Light, Scheme::Dark],
        Scheme::Light => &[Scheme::Light],
        Scheme::Dark => &[Scheme::Dark],
    };
    for theme in site.theme_chain(site.config.theme_of(&node.id)) {
        for (index, pair) in theme.contrast.iter().enumerate() {
            let keys = [
                ("foreground", &pair.foreground),
                ("background", &pair.background),
            ];
            let mut known = true;
            for (field, key) in keys {
                if site.tokens.contains_key(key) {
                    continue;
                }
                known = false;
                if !site.incomplete && first_node_of(site, &theme.key) == Some(&node.id) {
                    let field = FieldPath::from("contrast").then(index).then(field);
                    diagnostics.push(
                        Diagnostic::error(
                            code::UNKNOWN_TOKEN,
                            Place::value(theme.origin.clone(), field),
                            format!(
                                "a contrast pair names the token `{key}`, which does not exist"
                            ),
                        )
                        .hint_if(did_you_mean(key, site.tokens.keys().map(String::as_str))),
                    );
                }
            }
            let (Some(foreground), Some(background), true) = (
                values.get(&pair.foreground),
                values.get(&pair.background),
                known,
            ) else {
                continue;
            };
            for &scheme in schemes {
                let dark = scheme == Scheme::Dark;
                let colours = [foreground, background].map(|value| colour(&one_side(value, dark)));
                let [Some(fg), Some(bg)] = colours else {
                    let no_colour = keys
                        .iter()
                        .zip(colours)
                        .filter(|(_, colour)| colour.is_none());
                    for ((_, key), _) in no_colour {
                        diagnostics.push(Diagnostic::warning(
                            code::BAD_COLOR,
                            place(site, node, &[key]),
                            format!(
                                "the token `{key}` is no colour at the node `{}`: `{}`",
                                node.id, values[*key]
                            ),
                        ));
                    }
                    break;
                };
                let ratio = ratio_on_canvas(fg, bg, dark);
                // The figure that people read decides: 4.496 is shown, and counts, as 4.50.
                let ratio = (ratio * 100.0).round() / 100.0;
                if ratio >= pair.minimum {
                    continue;
                }
                let in_scheme = match node.scheme {
                    Scheme::Auto => format!(", in the {} scheme", scheme.as_str()),
                    _ => String::new(),
                };
                diagnostics.push(
                    Diagnostic::warning(
                        code::LOW_CONTRAST,
                        place(site, node, &[&pair.foreground, &pair.background]),
                        format!(
                            "`{}` ({foreground}) on `{}` ({background}) has a contrast of {ratio:.2} at the node `{}`{in_scheme}, and needs {:.2}",
                            pair.foreground, pair.background, node.id, pair.minimum
                        ),
                    )
                    .related(
                        Place::value(theme.origin.clone(), FieldPath::from("contrast").then(index)),
                        "the theme asks for it here",
                    ),
                );
            }
        }
    }
}

/// The first node that uses a theme: the one that reports what is wrong with the theme itself.
fn first_node_of<'a>(site: &'a Site, theme: &str) -> Option<&'a String> {
    site.nodes.keys().find(|node| {
        let chain = site.theme_chain(site.config.theme_of(node));
        chain.iter().any(|used| used.key == theme)
    })
}

/// The first of the tokens that the node overrides, else where the first is defined.
fn place(site: &Site, node: &Node, keys: &[&str]) -> Place {
    let overridden = keys
        .iter()
        .find(|key| node.style_overrides.contains_key(**key));
    match (
        overridden,
        keys.first().and_then(|key| site.tokens.get(*key)),
    ) {
        (Some(key), _) => override_place(node, key),
        (None, Some(token)) => default_place(token),
        (None, None) => Place::whole(node.origin.clone()),
    }
}

/// Red, green, blue and alpha in sRGB, each 0 to 1.
type Rgba = [f64; 4];

fn colour(value: &str) -> Option<Rgba> {
    let colour = CssColor::parse_string(value).ok()?;
    let srgb = SRGB::try_from(&colour).ok()?;
    // A missing component (`none`) counts as 0, and what sRGB cannot show as the nearest it can.
    let part = |value: f32| {
        if value.is_nan() {
            0.0
        } else {
            f64::from(value).clamp(0.0, 1.0)
        }
    };
    Some([part(srgb.r), part(srgb.g), part(srgb.b), part(srgb.alpha)])
}

fn over(top: Rgba, bottom: Rgba) -> Rgba {
    let mix = |at: usize| top[at] * top[3] + bottom[at] * (1.0 - top[3]);
    [mix(0), mix(1), mix(2), 1.0]
}

/// The contrast where the background lies on the canvas, which is white or, in the dark scheme, black.
fn ratio_on_canvas(foreground: Rgba, background: Rgba, dark: bool) -> f64 {
    let background = over(background, canvas(dark));
    let (a, b) = (
        luminance(over(foreground, background)),
        luminance(background),
    );
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The relative luminance of WCAG 2.2.
fn luminance([r, g, b, _]: Rgba) -> f64 {
    let linear = |value: f64| {
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// The contrast ratio of WCAG 2.2 of two CSS colours in one scheme, 1 to 21; `None` where one of them
/// is no colour that can be computed.
pub fn contrast_ratio(foreground: &str, background: &str, dark: bool) -> Option<f64> {
    let foreground = colour(&one_side(foreground, dark))?;
    let background = colour(&one_side(background, dark))?;
    Some(ratio_on_canvas(foreground, background, dark))
}

/// A colour as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Paint {
    /// `#rrggbb`, or `#rrggbbaa` where it is not opaque, in sRGB.
    pub hex: String,
    /// The relative luminance of WCAG 2.2, 0 to 1, on the canvas of the scheme.
    pub luminance: f64,
    /// The distance between its largest and its smallest part, 0 (grey) to 1.
    pub chroma: f64,
}

/// The colour that a CSS value is in one scheme; `None` where it is none that can be computed.
pub fn paint(value: &str, dark: bool) -> Option<Paint> {
    let colour = colour(&one_side(value, dark))?;
    let [r, g, b, alpha] = colour.map(|part| (part * 255.0).round() as u8);
    let hex = match alpha {
        255 => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => format!("#{r:02x}{g:02x}{b:02x}{alpha:02x}"),
    };
    let [r, g, b, _] = over(colour, canvas(dark));
    Some(Paint {
        hex,
        luminance: luminance([r, g, b, 1.0]),
        chroma: r.max(g).max(b) - r.min(g).min(b),
    })
}

fn canvas(dark: bool) -> Rgba {
    if dark { [0.0, 0.0, 0.0, 1.0] } else { [1.0; 4] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ratios() {
        let ratio = |a, b| contrast_ratio(a, b, false).map(|ratio| (ratio * 100.0).round() / 100.0);
        assert_eq!(ratio("#000", "#fff"), Some(21.0));
        assert_eq!(ratio("#767676", "white"), Some(4.54));
        assert_eq!(ratio("#777", "#fff"), Some(4.48));
        // Half black on white is #7f7f7f or #808080.
        assert!(matches!(ratio("rgb(0 0 0 / 50%)", "#fff"), Some(r) if (3.94..=4.01).contains(&r)));
        assert_eq!(
            ratio("color-mix(in srgb, #000 50%, #fff)", "#fff"),
            ratio("#808080", "#fff")
        );
        assert_eq!(ratio("oklch(0 0 0)", "hsl(0 0% 100%)"), Some(21.0));
        assert_eq!(ratio("currentColor", "#fff"), None);
        assert_eq!(ratio("1px", "#fff"), None);
        let both = "light-dark(#fff, #000)";
        assert_eq!(
            contrast_ratio("#000", both, true).map(f64::round),
            Some(1.0)
        );
    }

    #[test]
    fn colours_are_shown_as_they_are_computed() {
        let hex = |value, dark| paint(value, dark).map(|paint| paint.hex);
        assert_eq!(hex("rebeccapurple", false).as_deref(), Some("#663399"));
        assert_eq!(hex("rgb(0 0 0 / 50%)", false).as_deref(), Some("#00000080"));
        let both = "light-dark(#fff, #000)";
        assert_eq!(hex(both, true).as_deref(), Some("#000000"));
        assert_eq!(hex("url(/x)", false), None);
        let grey = paint("#808080", false).unwrap();
        assert!(grey.chroma < 0.01 && (0.2..0.23).contains(&grey.luminance));
    }
}

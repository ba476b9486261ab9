//! The embedded font: registered once, measured without a screen.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use crate::{Error, Result};

/// The name under which the font is registered. It goes into SVG files as the family, where the
/// names after the first are narrower fonts for readers that lack it.
const FAMILY: &str = "DejaVu Sans Condensed, Helvetica Neue, Arial, sans-serif";

/// Ascent plus descent of the font, in units of its em: the bitmap backend's font size is this height.
pub(super) const HEIGHT_PER_EM: f64 = 1.164;

/// Height of a capital letter, in units of the em.
pub(super) const CAPITAL: f64 = 0.73;

/// Depth of a letter such as g below the line, in units of the em.
pub(super) const DESCENT: f64 = 0.24;

/// The font in a size of the backend's own measure.
pub(super) fn font(bold: bool, backend_size: f64) -> Result<FontDesc<'static>> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(|| {
        register_font(FAMILY, FontStyle::Normal, dejavu::sans_condensed::regular()).is_ok()
            && register_font(FAMILY, FontStyle::Bold, dejavu::sans_condensed::bold()).is_ok()
    });
    if !registered {
        return Err(Error::invalid(
            "plot",
            "a readable font",
            "an embedded font that the text renderer refuses",
        ));
    }
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    Ok(FontDesc::new(FontFamily::Name(FAMILY), backend_size, style))
}

/// The width of a line of text whose em is `em`, in the unit of `em`.
pub(super) fn text_width(text: &str, em: f64, bold: bool) -> Result<f64> {
    // Measured large, because the layout is rounded down to whole units.
    const MAGNIFICATION: f64 = 16.0;
    let size = em * HEIGHT_PER_EM * MAGNIFICATION;
    let ((left, _), (right, _)) = font(bold, size)?
        .layout_box(text)
        .map_err(|e| Error::invalid("plot", "text that can be measured", e))?;
    Ok(f64::from(right - left) / MAGNIFICATION)
}

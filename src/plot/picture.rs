//! A finished picture: a list of shapes that is written as SVG or PNG.

use std::fmt::Display;
use std::io::{Cursor, Write};
use std::path::Path;

use image::{ImageOutputFormat, RgbImage};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::{RGBAColor, ShapeStyle, TextStyle};

use super::arcs::Vec2;
use super::font::{self, HEIGHT_PER_EM};
use super::palette::{Color, Paint};
use crate::{Error, Result};

/// Steps per pixel of an SVG: plotters rounds coordinates to whole steps.
const SVG_STEPS: f64 = 16.0;

/// Samples per pixel and direction of a PNG, averaged to smooth every edge.
const PNG_SAMPLES: u32 = 4;

/// The largest width or height of a picture in pixels.
const MAX_SIZE: u32 = 6000;

/// The smallest width or height of a picture in pixels.
const MIN_SIZE: u32 = 50;

/// One thing to draw; all measures in pixels, y downwards.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Line {
        points: Vec<Vec2>,
        width: f64,
        paint: Paint,
    },
    Polygon {
        points: Vec<Vec2>,
        paint: Paint,
    },
    Disc {
        center: Vec2,
        radius: f64,
        paint: Paint,
    },
    Text(Text),
}

/// A line of text that starts at `at`, on the base line.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) at: Vec2,
    pub(super) line: String,
    pub(super) em: f64,
    pub(super) bold: bool,
    pub(super) paint: Paint,
    /// The width of a white outline that keeps the text readable on lines; 0 for none.
    pub(super) halo: f64,
}

/// A picture, ready to be saved or shown.
#[derive(Debug, Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    shapes: Vec<Shape>,
}

impl Picture {
    pub(super) fn new(op: &'static str, width: u32, height: u32) -> Result<Self> {
        let allowed = MIN_SIZE..=MAX_SIZE;
        if !allowed.contains(&width) || !allowed.contains(&height) {
            return Err(Error::invalid(
                op,
                format!("a width and height from {MIN_SIZE} to {MAX_SIZE} pixels"),
                format!("{width} × {height}"),
            ));
        }
        Ok(Self {
            width,
            height,
            shapes: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The picture as the text of an SVG file.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when the drawing library fails.
    pub fn to_svg(&self) -> Result<String> {
        let steps = |pixels: u32| (f64::from(pixels) * SVG_STEPS) as u32;
        let size = (steps(self.width), steps(self.height));
        let mut drawn = String::new();
        let mut backend = SVGBackend::with_string(&mut drawn, size);
        self.draw_on(&mut backend, SVG_STEPS, svg_text)?;
        drop(backend);
        // The library's own header would show one step as one pixel.
        let (_, body) = drawn.split_once('>').unwrap_or_default();
        Ok(format!(
            "<svg width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\">{body}",
            self.width, self.height, size.0, size.1
        ))
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when the drawing library fails.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let (width, height) = (self.width * PNG_SAMPLES, self.height * PNG_SAMPLES);
        let mut samples = vec![255; 3 * width as usize * height as usize];
        let mut backend = BitMapBackend::with_buffer(&mut samples, (width, height));
        self.draw_on(&mut backend, f64::from(PNG_SAMPLES), bitmap_text)?;
        drop(backend);
        let pixels = average(&samples, self.width as usize, self.height as usize);
        let image = RgbImage::from_raw(self.width, self.height, pixels)
            .ok_or_else(|| refused("a buffer of the wrong size"))?;
        let mut bytes = Cursor::new(Vec::new());
        image
            .write_to(&mut bytes, ImageOutputFormat::Png)
            .map_err(refused)?;
        Ok(bytes.into_inner())
    }

    /// Writes the picture to a file, as SVG or PNG by the ending of its name.
    ///
    /// The folder must exist. The file is written completely or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another ending, [`Error::Io`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path
            .extension()
            .map(|e| e.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        let bytes = match ending.as_str() {
            "svg" => self.to_svg()?.into_bytes(),
            "png" => self.to_png()?,
            _ => {
                return Err(Error::invalid(
                    "Picture::save",
                    "a file name that ends in .svg or .png",
                    path.display(),
                ));
            }
        };
        write_whole(path, &bytes).map_err(Error::io("write", path))
    }

    /// Shows the picture in a notebook on the evcxr kernel, which calls this for the last value of
    /// a cell.
    pub fn evcxr_display(&self) {
        match self.to_svg() {
            Ok(svg) => {
                println!("EVCXR_BEGIN_CONTENT image/svg+xml\n{svg}\nEVCXR_END_CONTENT");
            }
            Err(error) => eprintln!("{error}"),
        }
    }

    fn draw_on<B: DrawingBackend>(
        &self,
        backend: &mut B,
        steps: f64,
        write: TextWriter<B>,
    ) -> Result<()> {
        let (w, h) = (f64::from(self.width), f64::from(self.height));
        let page = vec![[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
        let white = Shape::Polygon {
            points: page,
            paint: Color::WHITE.into(),
        };
        for shape in std::iter::once(&white).chain(&self.shapes) {
            draw_shape(shape, backend, steps, write)?;
        }
        backend.present().map_err(refused)
    }
}

/// Draws text whose base line starts at a position in steps.
type TextWriter<B> = fn(&mut B, &Text, Vec2, f64) -> Result<()>;

fn draw_shape<B: DrawingBackend>(
    shape: &Shape,
    backend: &mut B,
    steps: f64,
    write: TextWriter<B>,
) -> Result<()> {
    let whole = |p: &Vec2| ((p[0] * steps).round() as i32, (p[1] * steps).round() as i32);
    match shape {
        Shape::Line {
            points,
            width,
            paint,
        } => {
            let style = ShapeStyle {
                color: rgba(*paint),
                filled: false,
                stroke_width: (width * steps).round().max(1.0) as u32,
            };
            let mut corners: Vec<_> = points.iter().map(whole).collect();
            corners.dedup();
            if corners.len() < 2 {
                return Ok(());
            }
            backend.draw_path(corners, &style).map_err(refused)
        }
        Shape::Polygon { points, paint } => backend
            .fill_polygon(points.iter().map(whole), &rgba(*paint))
            .map_err(refused),
        Shape::Disc {
            center,
            radius,
            paint,
        } => {
            let radius = (radius * steps).round().max(1.0) as u32;
            backend
                .draw_circle(whole(center), radius, &rgba(*paint), true)
                .map_err(refused)
        }
        Shape::Text(text) => draw_text(text, backend, steps, write),
    }
}

/// The text, over white copies of itself around it where a halo is asked for.
fn draw_text<B: DrawingBackend>(
    text: &Text,
    backend: &mut B,
    steps: f64,
    write: TextWriter<B>,
) -> Result<()> {
    if text.halo > 0.0 {
        let white = Text {
            paint: Color::WHITE.alpha(0.85),
            ..text.clone()
        };
        for i in 0..8 {
            let (s, c) = (f64::from(i) * std::f64::consts::FRAC_PI_4).sin_cos();
            let at = [text.at[0] + text.halo * c, text.at[1] + text.halo * s];
            write(backend, &white, at, steps)?;
        }
    }
    write(backend, text, text.at, steps)
}

/// plotters places the base line of bitmap text half a font height below the position it is given.
fn bitmap_text(backend: &mut BitMapBackend, text: &Text, at: Vec2, steps: f64) -> Result<()> {
    let size = text.em * steps * HEIGHT_PER_EM;
    write_text(backend, text, at, steps, size, size / 2.0)
}

/// plotters places the base line of SVG text 0.76 em below the position it is given, and takes the
/// em to be the font size divided by 1.24.
fn svg_text(backend: &mut SVGBackend, text: &Text, at: Vec2, steps: f64) -> Result<()> {
    let em = text.em * steps;
    write_text(backend, text, at, steps, em * 1.24, 0.76 * em)
}

fn write_text<B: DrawingBackend>(
    backend: &mut B,
    text: &Text,
    at: Vec2,
    steps: f64,
    font_size: f64,
    rise: f64,
) -> Result<()> {
    let color = rgba(text.paint);
    let style = TextStyle::from(font::font(text.bold, font_size)?).color(&color);
    let position = (
        (at[0] * steps).round() as i32,
        (at[1] * steps - rise).round() as i32,
    );
    backend
        .draw_text(&text.line, &style, position)
        .map_err(refused)
}

fn rgba(paint: Paint) -> RGBAColor {
    let Color(r, g, b) = paint.color;
    RGBAColor(r, g, b, paint.alpha)
}

fn refused(error: impl Display) -> Error {
    Error::invalid("Picture", "a picture that can be drawn", error)
}

/// The mean colour of the samples of each pixel.
fn average(samples: &[u8], width: usize, height: usize) -> Vec<u8> {
    let n = PNG_SAMPLES as usize;
    let row = 3 * width * n;
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0;
                for dy in 0..n {
                    for dx in 0..n {
                        let at = (y * n + dy) * row + (x * n + dx) * 3 + channel;
                        sum += usize::from(samples[at]);
                    }
                }
                pixels.push(((sum + n * n / 2) / (n * n)) as u8);
            }
        }
    }
    pixels
}

/// Writes beside the target, syncs and renames.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::Builder::new();
    temporary.suffix(".tmp");
    // A picture is for others to read too, as far as the user's umask lets them.
    #[cfg(unix)]
    temporary.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = temporary.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

//! Pictures: the Poincaré disk ([`DiskPlot`]), curves such as losses ([`CurvePlot`]), and points,
//! lines and planes in ℝ³ ([`SpacePlot`]).
//!
//! A picture is written as SVG or PNG, depending on the file name. The font is part of the crate,
//! so that text looks the same on machines without fonts. Colours are based on those of Okabe and
//! Ito, which colour-blind readers can distinguish.
//!
//! ```
//! use holonomy::plot::DiskPlot;
//! use holonomy::tch::Tensor;
//!
//! let points = Tensor::from_slice2(&[[0.0, 0.0], [0.6, 0.1], [-0.3, 0.5]]);
//! let picture = DiskPlot::new()
//!     .size(300, 300)
//!     .points(&points)
//!     .edges(&[(1, 0), (2, 0)])
//!     .labels(&[(0, "root"), (1, "left"), (2, "right")])
//!     .draw()?;
//! assert!(picture.to_svg()?.starts_with("<svg"));
//! # Ok::<(), holonomy::Error>(())
//! ```

mod arcs;
mod curves;
mod disk;
mod font;
mod labels;
mod palette;
mod picture;
mod space;
mod tree;

pub use curves::CurvePlot;
pub use disk::DiskPlot;
pub use palette::Color;
pub use picture::Picture;
pub use space::SpacePlot;

//! SVG and PNG files.

use std::fs;

use holonomy::Error;
use holonomy::plot::{CurvePlot, DiskPlot};
use tch::Tensor;

fn plot() -> DiskPlot {
    let points = Tensor::from_slice2(&[[0.0, 0.0], [0.5, 0.5]]);
    DiskPlot::new()
        .size(300, 240)
        .points(&points)
        .edges(&[(1, 0)])
}

#[test]
fn one_description_gives_svg_and_png_of_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let (svg, png) = (folder.path().join("a.svg"), folder.path().join("a.PNG"));
    plot().save(&svg).unwrap();
    plot().save(&png).unwrap();
    let svg = fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg width=\"300\" height=\"240\" viewBox=\"0 0 4800 3840\""));
    assert!(svg.trim_end().ends_with("</svg>"));
    let image = image::load_from_memory(&fs::read(png).unwrap())
        .unwrap()
        .to_rgb8();
    assert_eq!(image.dimensions(), (300, 240));
    assert_eq!(image.get_pixel(1, 1).0, [255, 255, 255]);
    // The dot of row 0 in the middle, and the disk's faint ground beside it.
    assert_eq!(image.get_pixel(150, 120).0, [0, 114, 178]);
    assert_eq!(image.get_pixel(150, 180).0, [250, 251, 252]);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "a temporary file is left"
    );
}

#[test]
fn text_is_drawn_in_png_without_fonts_on_the_machine() {
    let dark = |plot: &DiskPlot| {
        let png = plot.draw().unwrap().to_png().unwrap();
        let image = image::load_from_memory(&png).unwrap().to_luma8();
        // Upper right, above the disk.
        let corner = |x: u32, y: u32| x > 200 && y < 34 && image.get_pixel(x, y).0[0] < 100;
        (0..300)
            .flat_map(|x| (0..240).map(move |y| (x, y)))
            .filter(|&(x, y)| corner(x, y))
            .count()
    };
    let title = "a title that reaches the corner of the picture";
    assert_eq!(dark(&plot()), 0);
    assert!(dark(&plot().title(title)) > 20);
}

#[test]
fn unknown_endings_and_closed_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pdf", "a", ".png"] {
        let error = plot().save(folder.path().join(name)).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
        assert!(error.to_string().contains(".svg or .png"));
    }
    let missing = folder.path().join("no such folder").join("a.svg");
    let error = plot().save(&missing).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Io {
                action: "write",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("no such folder"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_picture_that_cannot_be_drawn_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loss.svg");
    CurvePlot::new()
        .line("a", &[(0.0, 1.0), (1.0, 2.0)])
        .save(&path)
        .unwrap();
    let old = fs::read(&path).unwrap();
    let error = CurvePlot::new().line("a", &[(0.0, f64::NAN)]).save(&path);
    assert!(error.is_err());
    assert_eq!(fs::read(&path).unwrap(), old);
}

#[cfg(unix)]
#[test]
fn others_may_read_the_file_as_the_umask_says() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("a.svg"), folder.path().join("plain"));
    plot().save(&ours).unwrap();
    fs::write(&plain, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

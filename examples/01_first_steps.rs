//! Points, distances and geodesics in two models of the hyperbolic plane.

use holonomy::tch::Tensor;
use holonomy::{Geodesic, Manifold, PoincareBall, Result};

fn main() -> Result<()> {
    let disk = PoincareBall::new(2, -1.0)?;
    let plane = disk.lorentz()?;

    // Two points, one of them so near the boundary that 1 − |x|² has lost half its digits.
    let p = Tensor::from_slice(&[0.6, 0.0]);
    let q = Tensor::from_slice(&[0.0, 1.0 - 1e-9]);
    disk.check_point(&Tensor::stack(&[&p, &q], 0))?;

    let distance = disk.dist(&p, &q).double_value(&[]);
    println!("distance in the disk            {distance:.15}");
    let same = plane
        .dist(&disk.to_lorentz(&p), &disk.to_lorentz(&q))
        .double_value(&[]);
    println!("distance on the hyperboloid     {same:.15}");
    assert!((distance - same).abs() < 1e-13);

    // The geodesic from p to q leaves p with velocity log(p, q) and has constant speed.
    let velocity = disk.log(&p, &q);
    assert!((disk.norm(&p, &velocity).double_value(&[]) - distance).abs() < 1e-13);
    for step in 0..=4 {
        let t = Tensor::from(f64::from(step) / 4.0);
        let point = disk.geodesic(&p, &q, &t);
        let along = disk.dist(&p, &point).double_value(&[]);
        println!(
            "t = {:.2}: ({:.6}, {:.6}), {along:.6} from p",
            t.double_value(&[]),
            point.double_value(&[0]),
            point.double_value(&[1]),
        );
        assert!((along - distance * f64::from(step) / 4.0).abs() < 1e-6);
    }

    // A point outside the disk is an error that names the row; it is not clamped.
    let outside = Tensor::from_slice(&[0.1, 0.2, 0.8, 0.7]).view([2, 2]);
    let error = disk
        .check_point(&outside)
        .expect_err("the second row is outside");
    println!("{error}");
    Ok(())
}

//! Points so far from the origin that squares overflow, and steps beyond all that coordinates can hold.

#![allow(clippy::unreadable_literal)] // Numbers as the references print them.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{EuclideanParametrised, Geodesic, Lorentz, Manifold, Sphere};
use tch::{Kind, Tensor};

use super::{Model, is_finite, max, row, same};

/// Spatial parts of points and tangents, and results of 1,300 digits for the same f64 numbers.
struct FarCase {
    kappa: f64,
    x: [f64; 3],
    y: [f64; 3],
    u: [f64; 3],
    dist: f64,
    log: [f64; 3],
    exp: [f64; 3],
    transport: [f64; 3],
}

const FAR: [FarCase; 13] = [
    FarCase {
        kappa: -3.0,
        x: [860.5283512910341, 0.0, 0.0],
        y: [
            6.982407165013127e77,
            1.163734527502188e78,
            -4.654938110008751e77,
        ],
        u: [1640.9752214520017, 0.20289811175252268, 1.3563159867990546],
        dist: 108.45242364365883,
        log: [-161645.972063568, 0.11497143909280323, -0.04598857563712129],
        exp: [14722.827092561174, 0.6989146329908303, 4.672044909365556],
        transport: [
            -1.3319368380109277e78,
            -2.219894730018213e78,
            8.879578920072852e77,
        ],
    },
    FarCase {
        kappa: -3.0,
        x: [860.5283512910341, 0.0, 0.0],
        y: [0.0, 1.4347482834145944e78, 0.0],
        u: [-528.6160214664887, 0.6965956779135348, 0.057528964061944306],
        dist: 108.83741522373256,
        log: [-162219.8628446386, 0.07302176243262355, 0.0],
        exp: [1076.4103984361532, 0.9311746433767173, 0.07690187334303603],
        transport: [
            0.6963575695987352,
            8.825159869198539e77,
            0.057528964061944306,
        ],
    },
    FarCase {
        kappa: -3.0,
        x: [1.3198762800638917e147, 0.0, 0.0],
        y: [1.3198762800638917e147, 0.0, 0.0],
        u: [
            -1.0521323041541518e147,
            1.0491574433894157,
            -0.09626822825576101,
        ],
        dist: 0.0,
        log: [0.0, 0.0, 0.0],
        exp: [
            3.0252408176411944e147,
            1.893754119229419,
            -0.17376643987893622,
        ],
        transport: [
            -1.0521323041541518e147,
            1.0491574433894157,
            -0.09626822825576101,
        ],
    },
    FarCase {
        kappa: -3.0,
        x: [1.3198762800638917e147, 0.0, 0.0],
        y: [-1.3198762800638917e147, 0.0, 0.0],
        u: [
            4.559436984169567e146,
            -0.8766212587420871,
            0.9795384203238873,
        ],
        dist: 392.59818304894554,
        log: [-8.975158704434463e149, 0.0, 0.0],
        exp: [
            7.647572939409257e147,
            -1.8848385194650932,
            2.1061224873462123,
        ],
        transport: [
            4.559436984169567e146,
            -0.8766212587420871,
            0.9795384203238873,
        ],
    },
    FarCase {
        kappa: -3.0,
        x: [3.764845906062631e51, 0.0, 0.0],
        y: [
            1.414840553645583e151,
            2.3580675894093053e151,
            -9.432270357637222e150,
        ],
        u: [
            -2.5112262627896045e51,
            -0.35020771378194304,
            2.0252556854835784,
        ],
        dist: 270.5694461045732,
        log: [
            -1.764357489435704e54,
            6.556131057078053e-50,
            -2.622452422831222e-50,
        ],
        exp: [5.750708023338114e52, -1.807198254244704, 10.451050605595764],
        transport: [
            9.437264750339735e150,
            1.572877458389956e151,
            -6.291509833559824e150,
        ],
    },
    FarCase {
        kappa: -1.0,
        x: [2.2860927767756695e147, 0.0, 0.0],
        y: [5.0354544351403985e151, 5.0354544351404e142, 0.0],
        u: [
            -9.982190624846623e146,
            -0.573814366205744,
            -1.4880961729451976,
        ],
        dist: 647.1671739649873,
        log: [-1.4794842017676806e150, 5.6617752397412226e-136, 0.0],
        exp: [
            4.672416930506733e147,
            -0.8734865933548779,
            -2.265248368187893,
        ],
        transport: [
            2.1987238035542438e151,
            2.1987238035542443e142,
            -1.4880961729451976,
        ],
    },
    FarCase {
        kappa: -1.0,
        x: [2.2860927767756695e147, 0.0, 0.0],
        y: [
            -2.4374615388410207e151,
            -4.062435898068368e151,
            1.7062230771887145e151,
        ],
        u: [
            -2.8129110394247157e147,
            -1.2110708121849274,
            -1.0416831792657801,
        ],
        dist: 689.7016343230384,
        log: [
            -1.5767219243562724e150,
            -1.6400754426635055e-145,
            6.888316859186723e-146,
        ],
        exp: [
            3.591473088429038e147,
            -2.2156591763402047,
            -1.9057637850387203,
        ],
        transport: [
            -2.999161950220302e151,
            -4.9986032503671704e151,
            2.0994133651542116e151,
        ],
    },
    FarCase {
        kappa: -1.0,
        x: [0.0, 0.0, 0.0],
        y: [
            2.4505757235230297e151,
            4.084292872538383e151,
            -1.6337171490153533e151,
        ],
        u: [2.1481428480513554, -0.5351909756113293, -0.639352881301443],
        dist: 350.0,
        log: [170.33249218730066, 283.88748697883443, -113.55499479153379],
        exp: [4.622583351540066, -1.1516761541252363, -1.375821904741675],
        transport: [
            2.0064348978314474e151,
            3.344058163052412e151,
            -1.337623265220965e151,
        ],
    },
    FarCase {
        kappa: -1.0,
        x: [3.6129868840628745e86, 0.0, 0.0],
        y: [0.0, 0.0, 0.0],
        u: [
            9.138917071357742e86,
            -0.6968949053317307,
            -0.7217705720150892,
        ],
        dist: 200.0,
        log: [-7.22597376812575e88, 0.0, 0.0],
        exp: [
            5.298492210921522e87,
            -1.937707056936519,
            -2.0068735187797144,
        ],
        transport: [2.5294631186374112, -0.6968949053317307, -0.7217705720150892],
    },
    FarCase {
        kappa: -1.0,
        x: [1.8732273072513367e108, 0.0, 0.0],
        y: [1.8751014714845333e108, 0.0, 0.0],
        u: [
            1.8826258616154648e108,
            0.9664393333290531,
            -0.7809172846744571,
        ],
        dist: 0.0010000000000047935,
        log: [1.873227307260316e105, 0.0, 0.0],
        exp: [
            7.612432409923123e108,
            1.4336428972688726,
            -1.1584343475255092,
        ],
        transport: [
            1.8845094291038695e108,
            0.9664393333290531,
            -0.7809172846744571,
        ],
    },
    FarCase {
        kappa: -1.0,
        x: [1.8732273072513367e108, 0.0, 0.0],
        y: [0.0, 1.8751014714845333e108, 0.0],
        u: [
            -1.0947806289883326e107,
            -0.8830727846272105,
            -0.7123853505829089,
        ],
        dist: 499.3078528194401,
        log: [-9.353171046264065e110, 2.6654952705771463e-106, 0.0],
        exp: [
            3.0832988806129326e108,
            -1.0856836950141058,
            -0.8758339891782232,
        ],
        transport: [
            -0.8830727846272105,
            1.0958759571901497e107,
            -0.7123853505829089,
        ],
    },
    FarCase {
        kappa: -0.3,
        x: [1.1905488102718239e52, 0.0, 0.0],
        y: [
            1.6459362780753322e151,
            2.7432271301255535e151,
            -1.0972908520502215e151,
        ],
        u: [
            -2.3957030795488673e51,
            -1.3658880193452951,
            -2.188999569515319,
        ],
        dist: 853.7899730822737,
        log: [
            -5.567482785290577e54,
            2.0688067478924106e-49,
            -8.275226991569643e-50,
        ],
        exp: [
            2.2943933098895036e52,
            -1.8793885460127826,
            -3.0119458256511673,
        ],
        transport: [
            3.31206463448229e150,
            5.52010772413715e150,
            -2.2080430896548603e150,
        ],
    },
    FarCase {
        kappa: -0.3,
        x: [4.173815274632188e147, 0.0, 0.0],
        y: [0.0, 135.4759075758695, 0.0],
        u: [
            -8.336889248892835e146,
            1.452078862855348,
            0.5305360646998185,
        ],
        dist: 628.6155161960658,
        log: [-1.4370733909449346e150, 2.749487890308872e-145, 0.0],
        exp: [
            4.912658923108663e147,
            1.6423166748053661,
            0.6000419453312624,
        ],
        transport: [1.4470328743397618, 28.51239569618231, 0.5305360646998185],
    },
];

/// max |got − want| / max |want| of spatial parts.
fn error(got: &Tensor, want: &[f64]) -> f64 {
    let want = row(want);
    let scale = max(&want);
    max(&(got.narrow(0, 1, 3) - want)) / if scale > 0.0 { scale } else { 1.0 }
}

/// Was infinite or NaN from a distance of 178/√c on.
#[test]
fn the_hyperboloid_holds_to_radius_350() {
    for case in FAR {
        let space = Lorentz::new(3, case.kappa).unwrap();
        let point = |x: &[f64; 3]| space.project(&row(&[0.0, x[0], x[1], x[2]]));
        let (p, q) = (point(&case.x), point(&case.y));
        let time = (0..3).map(|i| case.u[i] * (case.x[i] / p.double_value(&[0])));
        let u = row(&[time.sum(), case.u[0], case.u[1], case.u[2]]);
        space.check_tangent(&p, &u).unwrap();

        let d = space.dist(&p, &q).double_value(&[]);
        assert!(
            (d - case.dist).abs() <= 1e-15 * case.dist,
            "{d} {}",
            case.dist
        );
        let log = space.log(&p, &q);
        assert!(error(&log, &case.log) < 1e-14, "{log} {:?}", case.log);
        let length = space.norm(&p, &log).double_value(&[]);
        assert!((length - d).abs() <= 1e-13 * d, "{length} {d}");
        let end = space.exp(&p, &u);
        assert!(error(&end, &case.exp) < 1e-13, "{end} {:?}", case.exp);
        let moved = space.parallel_transport(&p, &q, &u);
        assert!(
            error(&moved, &case.transport) < 1e-13,
            "{moved} {:?}",
            case.transport
        );
        let (end_too, _) = space.exp_transport(&p, &u, &u);
        assert!(same(&end, &end_too));
    }
}

#[test]
fn the_edges_are_where_the_documentation_says() {
    for (kappa, kind, want) in [
        (-1.0, Kind::Double, 350.0),
        (-4.0, Kind::Double, 175.0),
        (-1.0, Kind::Float, 88.0),
        (-4.0, Kind::Float, 44.0),
        (-0.25, Kind::Double, 698.7),
    ] {
        let space = Lorentz::new(2, kappa).unwrap();
        let origin = space.origin().to_kind(kind);
        let beyond = space.project(&row(&[1.0, -1e38, 1e38]).to_kind(kind));
        let beyond = if kind == Kind::Double {
            space.project(&row(&[1.0, -3e200, 4e200]))
        } else {
            beyond
        };
        space.check_point(&beyond).unwrap();
        let r = space.dist(&origin, &beyond).double_value(&[]);
        assert!((r - want).abs() < 0.05, "{kappa} {kind:?}: {r}");
    }
    let space = EuclideanParametrised::new(2, -4.0).unwrap();
    let beyond = space.project(&row(&[-3e200, 4e200]));
    assert!(max(&(beyond - row(&[-210.0, 280.0]))) < 1e-12);
    assert_eq!(EuclideanParametrised::EDGE, 700.0);
}

/// What an edge costs: nothing before it, and beyond it the distance alone, not the direction.
#[test]
fn nothing_is_moved_before_an_edge() {
    for kind in [Kind::Double, Kind::Float] {
        let radius = if kind == Kind::Double { 349.0 } else { 87.0 };
        let space = Lorentz::new(2, -1.0).unwrap();
        let p = Model::Hyperboloid
            .point(-1.0, radius, &[3.0, -4.0])
            .to_kind(kind);
        assert!(same(&space.project(&p).narrow(0, 1, 2), &p.narrow(0, 1, 2)));
        let origin = space.origin().to_kind(kind);
        let q = space.exp(&origin, &space.log(&origin, &p));
        let gap = max(&(&q - &p)) / max(&p);
        assert!(
            gap < if kind == Kind::Double { 1e-13 } else { 1e-5 },
            "{gap}"
        );

        let space = EuclideanParametrised::new(2, -1.0).unwrap();
        let z = row(&[419.0, -559.0]).to_kind(kind);
        assert!(same(&space.project(&z), &z));
        assert!(same(&space.retract(&z, &z.zeros_like()), &z));
    }
}

/// A learning rate of 1e8 gave NaN, infinities, or points of the ball at its origin.
#[test]
fn a_step_of_any_length_ends_at_the_edge_in_its_direction() {
    for model in [Model::Ball, Model::Hyperboloid, Model::Normal] {
        for kappa in [-1.0, -0.3, -3.0] {
            for kind in [Kind::Double, Kind::Float] {
                let longest = if kind == Kind::Double { 300 } else { 37 };
                for power in [4, 8, 30, 155, 200, 300]
                    .into_iter()
                    .filter(|&p| p <= longest)
                {
                    for r in [0.0, 0.3, 3.0] {
                        let space = model.space(2, kappa.into());
                        let p = model.point(kappa, r, &[0.6, 0.8]).to_kind(kind);
                        let q = model.point(kappa, 2.0, &[-1.0, 0.2]).to_kind(kind);
                        let u = space.log(&p, &q);
                        let long = &u * 10f64.powi(power);
                        let leaf = long.copy().set_requires_grad(true);
                        let context = format!("{model:?} {kappa} {kind:?} 1e{power} {r}");
                        for exact in [false, true] {
                            let step = |v: &Tensor| {
                                if exact {
                                    space.exp(&p, v)
                                } else {
                                    space.retract(&p, v)
                                }
                            };
                            let end = step(&long);
                            space.check_point(&end).unwrap();
                            let d = space.dist(&p, &end).double_value(&[]);
                            assert!(d.is_finite() && d > 5.0, "{context}: {d}");
                            let with = step(&leaf);
                            assert!(same(&with, &end), "{context}: {with} {end}");
                            let gradient =
                                Tensor::run_backward(&[with.sum(kind)], &[&leaf], false, false);
                            assert!(is_finite(&gradient[0]), "{context}: {}", gradient[0]);
                            let formula = with_tensor_formulas(|| step(&long));
                            space.check_point(&formula).unwrap();
                            if exact {
                                // The same geodesic: q lies on it.
                                let detour = space.dist(&p, &q) + space.dist(&q, &end) - d;
                                let detour = detour.double_value(&[]).abs();
                                let allowed = if kind == Kind::Double { 1e-10 } else { 5e-4 };
                                assert!(detour < allowed, "{context}: {detour}");
                                let gap = max(&(&formula - &end)) / max(&end);
                                assert!(
                                    gap < if kind == Kind::Double { 1e-9 } else { 1e-4 },
                                    "{context}: {gap}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is not finite is not moved to the edge: it stays NaN, which `check_point` names.
#[test]
fn a_step_that_is_not_finite_is_no_point() {
    for model in [
        Model::Ball,
        Model::Hyperboloid,
        Model::Normal,
        Model::Sphere,
    ] {
        let space = model.space(2, model.sign().into());
        let p = model.point(model.sign(), 0.5, &[0.6, 0.8]);
        for bad in [f64::NAN, f64::INFINITY] {
            let v = p.full_like(bad);
            for end in [space.exp(&p, &v), space.retract(&p, &v)] {
                assert!(space.check_point(&end).is_err(), "{model:?} {bad}: {end}");
            }
        }
    }
}

/// The sphere's retraction of a step whose square overflows ended at 0, which is not on it.
#[test]
fn the_sphere_is_reached_from_vectors_of_any_length() {
    let sphere = Sphere::new(2, 4.0).unwrap();
    let want = row(&[0.3, 0.0, -0.4]);
    for scale in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
        let z = row(&[3.0, 0.0, -4.0]) * scale;
        assert!(max(&(sphere.project(&z) - &want)) < 1e-15, "{scale}");
        let p = row(&[0.0, 0.5, 0.0]);
        let end = sphere.retract(&p, &z);
        sphere.check_point(&end).unwrap();
    }
    let end = sphere.retract(&row(&[0.0, 0.5, 0.0]), &(row(&[3.0, 0.0, -4.0]) * 1e300));
    assert!(max(&(end - want)) < 1e-15);
}

/// Gradients and values of two points whose distances from the origin add up to more than 709.
#[test]
fn normal_coordinates_have_gradients_to_the_edge() {
    let space = EuclideanParametrised::new(2, -1.0).unwrap();
    for (p, q) in [
        ([690.0, 0.0], [0.0, 690.0]),
        ([600.0, 0.0], [-600.0, 0.0]),
        ([420.0, 560.0], [700.0, 0.0]),
        ([0.1, 0.0], [0.0, 699.0]),
    ] {
        let (p, q) = (row(&p), row(&q));
        let leaf = p.copy().set_requires_grad(true);
        let d = space.dist(&leaf, &q);
        assert!(same(&d, &space.dist(&p, &q)));
        d.backward();
        let gradient = space.from_frame(&p, &leaf.grad());
        let log = space.log_in_frame(&p, &q);
        let length = log.square().sum(Kind::Double).sqrt();
        let away = if length.double_value(&[]) > 0.0 {
            -&log / length
        } else {
            log.zeros_like()
        };
        assert!(
            max(&(&gradient - &away)) < 1e-12,
            "{p} {q}: {gradient} {away}"
        );
        let with = space.log_in_frame(&leaf, &q);
        assert!(same(&with, &log));
        let formula = with_tensor_formulas(|| space.log_in_frame(&p, &q));
        assert!(
            max(&(formula - &log)) < 1e-9 * max(&log).max(1e-3),
            "{p} {q}"
        );
        let end = space.exp_in_frame(&leaf, &(&log * 0.5));
        assert!(same(&end, &space.exp_in_frame(&p, &(&log * 0.5))));
        let slope = Tensor::run_backward(&[(with + end).sum(Kind::Double)], &[&leaf], false, false);
        assert!(is_finite(&slope[0]), "{p} {q}: {}", slope[0]);
    }
}

#[test]
fn conversions_between_models_are_finite_to_their_limits() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let normal = EuclideanParametrised::new(2, -1.0).unwrap();
    let origin = space.origin();
    for r in [178.0, 300.0, 349.0] {
        for direction in [[0.6, 0.8], [0.0, 1.0], [0.0, -1.0]] {
            let p = Model::Hyperboloid.point(-1.0, r, &direction);
            let z = row(&direction) * r;
            assert!(max(&(normal.from_lorentz(&p) - &z)) < 1e-12 * r);
            assert!(max(&(normal.to_lorentz(&z) - &p)) < 1e-12 * max(&p));
            assert!(max(&(space.to_ball(&p) - row(&direction))) < 1e-15);
            assert!(max(&(space.to_klein(&p) - row(&direction))) < 1e-15);
            let half = space.to_half_space(&p);
            assert!(is_finite(&half), "{half}");
            if direction[1].abs() == 1.0 {
                assert!(max(&(space.from_half_space(&half) - &p)) < 1e-14 * max(&p));
            }
            let boost = space.boost(&p);
            assert!(
                is_finite(&boost) && max(&(space.apply(&boost, &origin) - &p)) < 1e-15 * max(&p)
            );
        }
    }
}

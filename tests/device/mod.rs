#![allow(clippy::unwrap_used)]

use holonomy::Error;
use holonomy::device::{Request, best, choose};
use tch::Device;

#[test]
fn requests_are_read_and_printed() {
    for (text, request, printed) in [
        ("auto", Request::Auto, "auto"),
        ("cpu", Request::Cpu, "cpu"),
        ("cuda", Request::Cuda(0), "cuda:0"),
        ("cuda:1", Request::Cuda(1), "cuda:1"),
    ] {
        let read: Request = text.parse().unwrap();
        assert_eq!(read, request);
        assert_eq!(read.to_string(), printed);
    }
    assert_eq!(Request::default(), Request::Auto);
}

#[test]
fn a_bad_request_is_told_what_is_allowed() {
    for text in [
        "", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:+1", "cuda:x", "cuda1",
    ] {
        let message = text.parse::<Request>().unwrap_err().to_string();
        assert!(
            message.contains("auto, cpu, cuda or cuda:INDEX") && message.ends_with(text),
            "{message}"
        );
    }
}

#[test]
fn the_cpu_is_always_there() {
    let choice = choose(Request::Cpu).unwrap();
    assert_eq!(choice.device, Device::Cpu);
    assert_eq!(choice.to_string(), "cpu (as asked)");
}

#[test]
fn auto_takes_cuda_exactly_where_cuda_can_be_asked_for() {
    let choice = best();
    assert_eq!(choose(Request::Auto).unwrap(), choice);
    assert!(!choice.reason.is_empty());
    match choose(Request::Cuda(0)) {
        Ok(cuda) => assert_eq!(cuda.device, choice.device),
        Err(Error::Device { requested, reason }) => {
            assert_eq!(choice.device, Device::Cpu);
            assert_eq!(requested, "cuda:0");
            assert_eq!(reason, choice.reason);
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_device_that_no_machine_has_is_an_error() {
    let error = choose(Request::Cuda(4096)).unwrap_err();
    assert!(matches!(error, Error::Device { .. }));
    assert!(
        error
            .to_string()
            .starts_with("device cuda:4096 is not available: "),
        "{error}"
    );
}

#[cfg(feature = "cuda-tests")]
#[test]
fn cuda_is_taken_and_computes() {
    use tch::{Kind, Tensor};

    let choice = best();
    assert_eq!(choice.device, Device::Cuda(0), "{}", choice.reason);
    let sum = Tensor::ones([3, 4], (Kind::Double, choice.device)).sum(None);
    assert_eq!(sum.device(), Device::Cuda(0));
    assert_eq!(sum.double_value(&[]), 12.0);
}

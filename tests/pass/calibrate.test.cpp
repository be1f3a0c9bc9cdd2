// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/activation.hpp>
#include <upset/pass/calibrate.hpp>
#include <upset/pass/convert.hpp>

using namespace upset;
using namespace upset::test;

namespace {

Network two_layers() {
  Values draw(1);
  Network net({4, 4, 2});
  net.add("conv", Conv2d<>(WindowGeometry::square(3), draw.uniform({3, 3, 3, 2}, -1, 1),
                           draw.uniform({3}, -1, 1)));
  net.add("relu", ReLU{});
  net.add("dense", Dense<>(draw.uniform({5, 12}, -1, 1), draw.uniform({5}, -1, 1)));
  return net;
}

/// Values of which a few are far out.
Tensor with_outliers() {
  Values draw(2);
  Tensor x = draw.uniform({500, 4, 4, 2}, -1, 1);
  x[77] = 40;
  x[1234] = -30;
  return x;
}

AffineScale scale_of(const CalibrationOptions& options) {
  const Network real = two_layers();
  Network net = convert<Int8Affine>(real);
  calibrate(net, real, with_outliers(), options);
  return net.nodes()[0].layer.target<Conv2d<Int8Affine>>()->input_scale();
}

}  // namespace

TEST_CASE("calibrate: min_max covers exactly what each layer reads in float") {
  const Network real = two_layers();
  const Tensor x = with_outliers();
  Network net = convert<Int8Affine>(real);
  calibrate(net, real, x);
  const std::vector<Tensor> values = real.forward_all(x);
  CHECK(net.nodes()[0].layer.target<Conv2d<Int8Affine>>()->input_scale() ==
        Int8Affine::fit(x.values()));
  CHECK(net.nodes()[2].layer.target<Dense<Int8Affine>>()->input_scale() ==
        Int8Affine::fit(values[1].values()));
}

TEST_CASE("calibrate: percentile leaves out a share at either end") {
  const AffineScale scale = scale_of({RangeMethod::percentile, 0.001});
  CHECK(255 * scale.scale == doctest::Approx(1.996).epsilon(0.01));
  CHECK(255 * scale_of({}).scale == doctest::Approx(70));
}

TEST_CASE("calibrate: least_square loses less than all of the range, and than half of its own") {
  const Tensor x = with_outliers();
  const auto error = [&](AffineScale scale) {
    double sum = 0;
    for (const float value : x.values()) {
      const auto off =
          static_cast<double>(value - Int8Affine::decode(Int8Affine::encode(value, scale), scale));
      sum += off * off;
    }
    return sum;
  };
  const AffineScale best = scale_of({RangeMethod::least_square});
  CHECK(error(best) < 0.5 * error(scale_of({RangeMethod::percentile, 0.001})));
  for (const float factor : {0.5F, 0.8F, 1.25F}) {
    const AffineScale other{best.scale * factor, best.zero_point};
    CHECK(error(best) < error(other));
  }
}

TEST_CASE("calibrate: refuses another graph, and no pictures") {
  const Network real = two_layers();
  Network net = convert<Int8Affine>(real);
  CHECK(error_of([&] {
          calibrate(net, real, Tensor({0, 4, 4, 2}));
        }) == "Calibration needs one picture at least");
  Network other({4, 4, 2});
  other.add("conv", real.nodes()[0].layer);
  CHECK(error_of([&] { calibrate(net, other, with_outliers()); }) ==
        "The float network to compare with has another graph from layer relu on; take the one "
        "that was converted");
}

TEST_CASE("calibrate: refuses to leave out half of the values or more, or less than none") {
  const auto refusal = [](double outside) {
    return error_of([&] { (void)scale_of({RangeMethod::percentile, outside}); });
  };
  CHECK(refusal(0.5) ==
        "Calibration cannot leave out a share of 0.500000 at either end; give one of at least 0 "
        "and below 0.5, as 1e-4");
  CHECK(!refusal(-1e-9).empty());
  CHECK(!refusal(std::nan("")).empty());
  CHECK(refusal(0).empty());
  CHECK(refusal(0.499).empty());
}

TEST_CASE_TEMPLATE("calibrate: least_square leaves to formats of signs what they minimise", F,
                   Binary, Mono<3>, Triplicated<Mono<3>>, ParityGuarded<Mono<3>, std::uint64_t>,
                   MultiLevelBinary<2>) {
  const Network real = two_layers();
  const auto scale = [&](RangeMethod method) {
    Network net = convert<F>(real);
    calibrate(net, real, with_outliers(), {method});
    return net.nodes()[0].layer.target<Conv2d<F>>()->input_scale();
  };
  CHECK(scale(RangeMethod::least_square) == scale(RangeMethod::min_max));
}

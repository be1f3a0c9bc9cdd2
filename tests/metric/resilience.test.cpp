// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <upset/metric/resilience.hpp>

using doctest::Approx;
using upset::BerRange;
using upset::CurvePoint;
using upset::GridRate;
using Curve = std::vector<CurvePoint>;

namespace {

// Means on the grid 1e-6, 1e-5, ...; two trials around each.
Curve curve_of(const std::vector<double>& means, double spread = 0) {
  Curve curve;
  double ber = 1e-6;
  for (const double mean : means) {
    curve.push_back({ber, {mean - spread, mean + spread}});
    ber *= 10;
  }
  return curve;
}

template <class Figure>
void check_refused(Figure figure, const char* text) {
  CHECK_THROWS_WITH_AS(figure(), text, upset::Error);
}

}  // namespace

TEST_CASE("Resilience: tolerated is the rate before the first that loses more than a point") {
  const Curve curve = curve_of({0.900, 0.897, 0.891, 0.85, 0.30});
  CHECK(upset::tolerated_ber(curve, 0.9) == GridRate{curve[2].ber, false});
  CHECK(upset::tolerated_ber(curve, 0.9, 0.001) == GridRate{curve[0].ber, false});
  CHECK(upset::tolerated_ber(curve, 0.9, 0.5) == GridRate{curve[3].ber, false});
  CHECK(upset::tolerated_ber(curve, 0.92) == GridRate{0, false});
  CHECK(upset::tolerated_ber(curve, 0.9, 0.7) == GridRate{curve[4].ber, true});
}

TEST_CASE("Resilience: a recovery after the first loss does not raise the tolerated rate") {
  const Curve curve = curve_of({0.90, 0.85, 0.90, 0.10});
  CHECK(upset::tolerated_ber(curve, 0.9) == GridRate{curve[0].ber, false});
}

TEST_CASE("Resilience: a loss of exactly one point is tolerated though floating point exceeds it") {
  REQUIRE(0.90 - 0.89 > 0.01);
  CHECK(upset::tolerated_ber(curve_of({0.89}), 0.90).at_least);
  // One picture more in 20 trials of 2,000 pictures is not.
  CHECK_FALSE(upset::tolerated_ber(curve_of({0.89 - 1.0 / 40'000}), 0.90).at_least);
}

TEST_CASE("Resilience: a grid that begins at rate 0 tolerates 0 before any fault is") {
  const Curve curve{{0, {0.9}}, {1e-6, {0.5}}};
  CHECK(upset::tolerated_ber(curve, 0.9) == GridRate{0, false});
}

TEST_CASE("Resilience: BERZAD is the largest rate whose interval reaches the fault-free accuracy") {
  // Two trials m -+ s have the standard error s and t = 12.706: half a width of 12.706 s.
  const Curve curve = curve_of({0.90, 0.88, 0.80, 0.75}, 0.005);  // half widths 0.0635
  CHECK(upset::berzad(curve, 0.9) == GridRate{curve[1].ber, false});
  CHECK(upset::berzad(curve, 0.943) == GridRate{curve[1].ber, false});
  CHECK(upset::berzad(curve, 0.944) == GridRate{curve[0].ber, false});
  CHECK(upset::berzad(curve, 0.99) == GridRate{0, false});
  CHECK(upset::berzad(curve, 0.80) == GridRate{curve[3].ber, true});
  CHECK(upset::berzad(curve, 0.89, 0.5) == GridRate{curve[0].ber, false});  // t = 1: half of 0.01
  CHECK(upset::berzad(curve, 0.906, 0.5) == GridRate{0, false});
}

TEST_CASE("Resilience: a gain is no drop, however sure it is") {
  const Curve curve{{1e-6, std::vector<double>(20, 0.9)},
                    {1e-5, std::vector<double>(20, 0.9025)},
                    {1e-4, std::vector<double>(20, 0.5)}};
  CHECK(upset::berzad(curve, 0.9) == GridRate{1e-5, false});
  CHECK(upset::berzad(curve, 0.5) == GridRate{1e-4, true});
}

TEST_CASE("Resilience: twenty trials equal to the fault-free accuracy show no loss") {
  // 20 * 0.9 / 20 is not 0.9 in floating point when summed one by one.
  const Curve curve{{1e-6, std::vector<double>(20, 0.9)}, {1e-5, std::vector<double>(20, 0.8995)}};
  CHECK(upset::berzad(curve, 0.9) == GridRate{1e-6, false});
}

TEST_CASE("Resilience: trials of the same pictures show as little as those of others would") {
  // sqrt(0.9 * 0.1 / 400 / 20) = 0.00335, t = 2.093: half a width of 0.0070
  const Curve curve{{1e-6, std::vector<double>(20, 0.894)}, {1e-5, std::vector<double>(20, 0.89)}};
  CHECK(upset::berzad(curve, 0.9).ber == 0);
  CHECK(upset::berzad(curve, 0.9, 0.95, 400) == GridRate{1e-6, false});
  CHECK(upset::berzad(curve, 0.9, 0.95, 100) == GridRate{1e-5, true});
}

TEST_CASE("Resilience: the area is 1 where every accuracy is 1, on both axes") {
  const Curve curve = curve_of({1, 1, 1, 1});
  const BerRange all{curve.front().ber, curve.back().ber};
  CHECK(upset::auc(curve, all) == Approx(1).epsilon(1e-12));
  CHECK(upset::log_auc(curve, all) == Approx(1).epsilon(1e-12));
  CHECK(upset::auc(curve_of({0.4, 0.4}), {1e-6, 1e-5}) == Approx(0.4).epsilon(1e-12));
}

TEST_CASE("Resilience: a range may end a rounding beyond the grid, and no further") {
  const Curve curve{{1e-6, {0.4}}, {1e-6 * 10, {0.4}}};
  REQUIRE(curve.back().ber < 1e-5);
  CHECK(upset::auc(curve, {1e-6, 1e-5}) == Approx(0.4).epsilon(1e-12));
  CHECK_THROWS_AS(static_cast<void>(upset::auc(curve, {1e-6, 1.0001e-5})), upset::Error);
}

TEST_CASE("Resilience: the linear area is the trapezoids' over rates") {
  const Curve curve{{0, {0.9}}, {2e-6, {0.7, 0.9}}, {1e-5, {0.2}}};
  // 2 * (0.9 + 0.8) / 2 + 8 * (0.8 + 0.2) / 2 = 5.7, over a length of 10
  CHECK(upset::auc(curve, {0, 1e-5}) == Approx(0.57).epsilon(1e-12));
  // cut at 1e-6 (0.85) and 6e-6 (0.5): 1 * (0.85 + 0.8) / 2 + 4 * (0.8 + 0.5) / 2 = 3.425 over 5
  CHECK(upset::auc(curve, {1e-6, 6e-6}) == Approx(0.685).epsilon(1e-12));
  // within one interval: 0.5 to 0.32 between 6e-6 and 8.4e-6
  CHECK(upset::auc(curve, {6e-6, 8.4e-6}) == Approx(0.41).epsilon(1e-12));
}

TEST_CASE("Resilience: the logarithmic area weighs decades alike") {
  const Curve curve{{0, {0.9}}, {1e-6, {0.9}}, {1e-5, {0.7}}, {1e-4, {0.1}}};
  CHECK(upset::log_auc(curve, {1e-6, 1e-4}) == Approx((0.8 + 0.4) / 2).epsilon(1e-12));
  // from the middle of the first decade (0.8): 0.5 * (0.8 + 0.7) / 2 + 0.4, over 1.5 decades
  CHECK(upset::log_auc(curve, {std::pow(10, -5.5), 1e-4}) == Approx(0.775 / 1.5).epsilon(1e-12));
}

TEST_CASE("Resilience: the fault-free accuracy becomes the point at rate 0, once") {
  const Curve curve = curve_of({0.8, 0.2});
  const Curve with = upset::with_fault_free(curve, 0.9);
  REQUIRE(with.size() == 3);
  CHECK(with[0].ber == 0);
  CHECK(with[0].accuracies == std::vector<double>{0.9});
  CHECK(with[1].ber == curve[0].ber);
  CHECK(upset::with_fault_free(with, 0.5).size() == 3);
  CHECK(upset::auc(with, {0, 1e-6}) == Approx(0.85).epsilon(1e-12));
}

TEST_CASE("Resilience: curves that are no curves are refused, with the point and the reason") {
  const auto tolerated = [](const Curve& curve) {
    return [&curve] { return static_cast<void>(upset::tolerated_ber(curve, 0.9)); };
  };
  check_refused(tolerated({}),
                "A resilience curve without points has no figures; give at least one");
  check_refused(tolerated({{1e-5, {0.9}}, {1e-6, {0.9}}}),
                "Point 1 of a resilience curve does not have a larger bit error rate than the one "
                "before; sort the points and merge equal rates");
  check_refused(tolerated({{1e-5, {0.9}}, {1e-5, {0.9}}}),
                "Point 1 of a resilience curve does not have a larger bit error rate than the one "
                "before; sort the points and merge equal rates");
  check_refused(tolerated({{1.5, {0.9}}}),
                "Point 0 of a resilience curve has a bit error rate outside [0, 1]");
  check_refused(tolerated({{std::nan(""), {0.9}}}),
                "Point 0 of a resilience curve has a bit error rate outside [0, 1]");
  check_refused(tolerated({{1e-5, {}}}),
                "Point 0 of a resilience curve has no trials; give at least one accuracy");
  check_refused(tolerated({{1e-5, {89.5}}}),
                "Point 0 of a resilience curve has an accuracy outside [0, 1]; write 90 % as 0.9");
  check_refused([] { static_cast<void>(upset::tolerated_ber(curve_of({0.9}), 90)); },
                "A fault-free accuracy of 90 lies outside [0, 1]; write 90 % as 0.9");
  check_refused(
      [] {
        static_cast<void>(upset::berzad(Curve{{1e-5, {0.9}}}, 0.9));
      },
      "BERZAD needs at least 2 trials at every bit error rate; point 0 has one");
}

TEST_CASE("Resilience: an area outside the curve is refused") {
  const Curve curve = curve_of({0.9, 0.5, 0.1});
  for (const BerRange range : {BerRange{0, 1e-5}, BerRange{1e-6, 1e-3}, BerRange{1e-5, 1e-5},
                               BerRange{1e-5, 1e-6}, BerRange{std::nan(""), 1e-5}}) {
    CHECK_THROWS_AS(static_cast<void>(upset::auc(curve, range)), upset::Error);
    CHECK_THROWS_AS(static_cast<void>(upset::log_auc(curve, range)), upset::Error);
  }
  CHECK_THROWS_AS(static_cast<void>(upset::log_auc(Curve{{0, {0.9}}}, {1e-6, 1e-5})), upset::Error);
}

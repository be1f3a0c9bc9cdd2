// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <upset/campaign/judge.hpp>
#include <upset/format/formats.hpp>
#include <upset/nn/dense.hpp>

namespace upset {
namespace {

using Logits = std::vector<float>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

[[nodiscard]] Outcomes judged(const Logits& golden, const Logits& faulty, std::size_t classes,
                              std::size_t label) {
  Outcomes outcomes;
  judge(golden, faulty, classes, label, outcomes);
  return outcomes;
}

TEST_CASE("judge: masked, changed and critical") {
  CHECK(judged({1, 3, 2}, {1, 3, 2}, 3, 1) == Outcomes{.images = 1, .masked = 1, .correct = 1});
  CHECK(judged({1, 3, 2}, {1, 3, 2}, 3, 0) == Outcomes{.images = 1, .masked = 1});
  CHECK(judged({1, 3, 2}, {1, 2.5F, 2}, 3, 1) == Outcomes{.images = 1, .changed = 1, .correct = 1});
  CHECK(judged({1, 3, 2}, {1, 3, 4}, 3, 1) ==
        Outcomes{.images = 1, .critical = 1, .critical_pixels = 1});
  // bits are compared: another zero is a change
  CHECK(judged({0, 3}, {-0.0F, 3}, 2, 1) == Outcomes{.images = 1, .changed = 1, .correct = 1});
}

TEST_CASE("judge: a fault that helps") {
  CHECK(judged({1, 3, 2}, {1, 3, 4}, 3, 2) ==
        Outcomes{.images = 1, .critical = 1, .critical_pixels = 1, .correct = 1, .beneficial = 1});
  CHECK(judged({1, 3, 2}, {5, 3, 4}, 3, 2).beneficial == 0);  // wrong both times
  CHECK(judged({1, 3, 2}, {1, 4, 2}, 3, 1).beneficial == 0);  // right both times
}

TEST_CASE("judge: the fault-free class among the five highest") {
  const Logits golden{9, 1, 2, 3, 4, 5, 6};
  CHECK(judged(golden, {5.5F, 1, 2, 3, 4, 5, 6}, 7, 0).critical_top5 == 0);  // second
  CHECK(judged(golden, {2.5F, 1, 2, 3, 4, 5, 6}, 7, 0).critical_top5 == 0);  // fifth
  CHECK(judged(golden, {1.5F, 1, 2, 3, 4, 5, 6}, 7, 0).critical_top5 == 1);  // sixth
  CHECK(judged(golden, {1.5F, 1, 2, 3, 4, 5, 6}, 7, 0).critical == 1);
  CHECK(judged(golden, {8, 1, 2, 3, 4, 5, 6}, 7, 0).critical_top5 == 0);  // still first
  CHECK(judged({9, 1, 2}, {0, 1, 2}, 3, 0).critical_top5 == 0);           // there are but three
}

TEST_CASE("judge: NaN and infinity") {
  // the first NaN wins, or else infinity
  CHECK(judged({1, 3, 2}, {1, nan, 2}, 3, 1) ==
        Outcomes{.images = 1, .changed = 1, .nonfinite = 1, .correct = 1});
  CHECK(judged({1, 3, 2}, {nan, 3, 2}, 3, 1) ==
        Outcomes{.images = 1, .critical = 1, .critical_pixels = 1, .nonfinite = 1});
  CHECK(judged({1, 3, 2}, {1, 3, infinity}, 3, 1) ==
        Outcomes{.images = 1, .critical = 1, .critical_pixels = 1, .nonfinite = 1});
  CHECK(judged({1, 3, 2}, {-infinity, 3, 2}, 3, 1).nonfinite == 1);
  // equal bits are masked, and yet not finite
  CHECK(judged({1, nan, 2}, {1, nan, 2}, 3, 1) ==
        Outcomes{.images = 1, .masked = 1, .nonfinite = 1, .correct = 1});
  // which NaN it is depends on the order of sums, and does not matter
  CHECK(judged({1, nan, 2}, {1, -nan, 2}, 3, 1) ==
        Outcomes{.images = 1, .masked = 1, .nonfinite = 1, .correct = 1});
  CHECK(judged({1, nan, 2}, {1, -nan, 2.5F}, 3, 1) ==
        Outcomes{.images = 1, .changed = 1, .nonfinite = 1, .correct = 1});
  CHECK(judged({1, 3, 2}, {1, 3, nan}, 3, 1).masked == 0);
  CHECK(judged({1, 3, nan}, {1, 3, 2}, 3, 1).masked == 0);
}

TEST_CASE("judge: a class for every pixel") {
  const Logits golden{0, 1, 0, 1, 0, 1};  // three pixels of class 1
  CHECK(judged(golden, golden, 2, 1) == Outcomes{.images = 1, .masked = 1, .correct = 1});
  CHECK(judged(golden, {2, 1, 0, 1, 3, 1}, 2, 1) ==
        Outcomes{.images = 1, .critical = 1, .critical_pixels = 2});
  CHECK(judged(golden, {0, 1, 0, 2, 0, 1}, 2, 1) ==
        Outcomes{.images = 1, .changed = 1, .correct = 1});
  CHECK(judged(golden, {2, 1, 2, 1, 2, 1}, 2, 0) ==
        Outcomes{.images = 1, .critical = 1, .critical_pixels = 3, .correct = 1, .beneficial = 1});
  CHECK(judged(golden, {2, 1, 2, 1, 0, 1}, 2, 0).correct == 0);  // one pixel is still wrong
}

TEST_CASE("judge: counts of pictures add up") {
  Outcomes outcomes;
  const Logits golden{1, 3, 2};
  judge(golden, golden, 3, 1, outcomes);
  judge(golden, Logits{1, 3, 2.5F}, 3, 1, outcomes);
  judge(golden, Logits{4, 3, 2}, 3, 1, outcomes);
  CHECK(outcomes == Outcomes{.images = 3,
                             .masked = 1,
                             .changed = 1,
                             .critical = 1,
                             .critical_pixels = 1,
                             .correct = 2});
}

TEST_CASE("is_certain: classes further apart than 2^-12 of the largest logit") {
  CHECK(is_certain(Logits{1, 3, 2}, Logits{1, 3, 2}, 3));
  CHECK(is_certain(Logits{1, 3, 2}, Logits{5, 3, 2}, 3));
  // the two highest: 4 and 4 - 2^-9, where 2^-10 is the limit; then half and just as much as that
  CHECK(is_certain(Logits{0, 4, 1}, Logits{0, 4, 4 - 0x1p-9F}, 3));
  CHECK_FALSE(is_certain(Logits{0, 4, 1}, Logits{0, 4, 4 - 0x1p-11F}, 3));
  CHECK_FALSE(is_certain(Logits{0, 4, 1}, Logits{0, 4, 4 - 0x1p-10F}, 3));
  CHECK_FALSE(is_certain(Logits{0, 4, 1}, Logits{0, 4, 4}, 3));
  // the limit grows with the largest magnitude, of a negative logit as well
  CHECK_FALSE(is_certain(Logits{0, 4, 1}, Logits{-64, 4, 4 - 0x1p-9F}, 3));
  // where the fault-free class ranks is asked as well: it decides whether the top five are lost
  CHECK_FALSE(is_certain(Logits{9, 1, 2}, Logits{4, 4 - 0x1p-12F, 8}, 3));
  CHECK(is_certain(Logits{9, 1, 2}, Logits{4, 3, 8}, 3));
  // of other classes the order does not matter
  CHECK(is_certain(Logits{9, 1, 2}, Logits{9, 4, 4}, 3));
}

TEST_CASE("is_certain: to the errors that a network makes") {
  CHECK(is_certain(Logits{0, 4, 1}, Logits{0, 4, 4 - 0x1p-9F}, 3, 0x1p-12));
  CHECK_FALSE(is_certain(Logits{0, 4, 1}, Logits{0, 4, 4 - 0x1p-9F}, 3, 0x1p-11));
  Network network(Shape{2});
  network.add("float", Dense<>::zeros(2, 2));
  CHECK(largest_error(network) == 0x1p-12);
  network.add("bfloat16", Dense<BFloat16>::zeros(2, 2));
  network.add("float16", Dense<Float16>::zeros(2, 2));
  network.add("levels", Dense<Int8Affine>::zeros(2, 2));
  CHECK(largest_error(network) == 0x1p-6);
}

TEST_CASE("is_certain: nothing that is not finite, in any pixel") {
  CHECK_FALSE(is_certain(Logits{1, 3}, Logits{nan, 3}, 2));
  CHECK_FALSE(is_certain(Logits{1, 3}, Logits{1, infinity}, 2));
  CHECK_FALSE(is_certain(Logits{1, 3, 1, 3}, Logits{1, 3, -infinity, 3}, 2));
  CHECK_FALSE(is_certain(Logits{1, 3, 1, 3}, Logits{1, 3, 3, 3}, 2));
  CHECK(is_certain(Logits{1, 3, 1, 3}, Logits{1, 3, 4, 3}, 2));
}

}  // namespace
}  // namespace upset

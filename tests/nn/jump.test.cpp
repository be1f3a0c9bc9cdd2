// SPDX-License-Identifier: BSL-1.0
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/any_layer.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/jump.hpp>
#include <upset/nn/round_to.hpp>

namespace upset {
namespace {

using Numbers = std::vector<float>;

TEST_CASE("jump: values within 2^-12 of the place are near it") {
  CHECK(detail::any_near(Numbers{0, 3, 1}, 3));
  CHECK(detail::any_near(Numbers{3 + 0x1p-12F}, 3));
  CHECK(detail::any_near(Numbers{-3 - 0x1p-12F, 7}, -3));
  CHECK_FALSE(detail::any_near(Numbers{3 + 0x1p-10F, 3 - 0x1p-10F, -3}, 3));
  CHECK(detail::any_near(Numbers{0}, 0));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK_FALSE(detail::any_near(Numbers{infinity, 1e38F}, infinity));
  CHECK_FALSE(detail::any_near(Numbers{std::numeric_limits<float>::quiet_NaN()}, 1));
  CHECK_FALSE(detail::any_near(Numbers{}, 1));
  // and half a step, as what lies there is rounded to either side
  CHECK(detail::any_near(Numbers{3 + 0x1.8p-7F}, 3, 0x1p-7));
  CHECK(detail::any_near(Numbers{-3 - 0x1.8p-7F}, -3, 0x1p-7));
  CHECK_FALSE(detail::any_near(Numbers{3 + 0x1p-6F, 3 - 0x1p-6F}, 3, 0x1p-7));
}

TEST_CASE("jump: which layers have one") {
  const auto jumps = [](const AnyLayer& layer) { return static_cast<bool>(layer.jump_test()); };
  CHECK_FALSE(jumps(ReLU{}));
  CHECK(jumps(ClippedReLU(1)));
  CHECK(jumps(Sign{}));
  CHECK_FALSE(jumps(Dense<>::zeros(2, 2)));
  CHECK_FALSE(jumps(Dense<BFloat16>::zeros(2, 2)));
  CHECK_FALSE(jumps(Dense<ParityGuarded<Float16, std::uint64_t>>::zeros(2, 2)));
  CHECK(jumps(Dense<Minifloat<4, 3>>::zeros(2, 2)));
  CHECK(jumps(Dense<Float32, Int8Affine>::zeros(2, 2)));
  CHECK(jumps(Dense<Float32, Mono<8>>::zeros(2, 2)));
  CHECK(jumps(RoundTo<Fixed<8, 4>>{}));
  CHECK(jumps(RoundTo<MultiLevelBinary<2>>{}));
  CHECK_FALSE(jumps(RoundTo<RangeGuarded<Float32, EndOutside>>{}));

  using Ranged = RangeGuarded<BFloat16>;
  const AnyLayer ranged = RoundTo<Ranged>(Ranged::Scale{.inner = {}, .low = -1.0F, .high = 2.0F});
  CHECK(ranged.jump_test()(Numbers{2}));
  CHECK(ranged.jump_test()(Numbers{0, -1}));
  CHECK_FALSE(ranged.jump_test()(Numbers{0, 1, 3}));
}

TEST_CASE_TEMPLATE("jump: values are rounded before a range is looked at", F, BFloat16, Float16) {
  using Ranged = RangeGuarded<F>;
  const typename Ranged::Scale scale{.inner = {}, .low = -1.0F, .high = 2.0F};
  const AnyLayer ranged = RoundTo<Ranged>(scale);
  const auto read = [&](float x) { return Ranged::decode(Ranged::encode(x, scale), scale); };
  const float half_step = static_cast<float>(detail::Reading<F>::step) / 2;
  for (const float end : {scale.low, scale.high}) {
    const float place = end * (1 + half_step);
    CHECK(read(place * (1 - 0x1p-20F)) == end);
    CHECK(read(place * (1 + 0x1p-20F)) == 0);
    CHECK(ranged.jump_test()(Numbers{place * (1 - 0x1p-13F)}));
    CHECK(ranged.jump_test()(Numbers{place * (1 + 0x1p-13F)}));
    CHECK_FALSE(ranged.jump_test()(Numbers{place * (1 + 2 * half_step)}));
  }
}

TEST_CASE("jump: none where what lies beyond an end of zero becomes zero") {
  using Ranged = RangeGuarded<Float32>;
  const AnyLayer ranged = RoundTo<Ranged>(Ranged::Scale{.inner = {}, .low = 0.0F, .high = 2.0F});
  CHECK_FALSE(ranged.jump_test()(Numbers{0, -0x1p-30F, 0x1p-30F, 1}));
  CHECK(ranged.jump_test()(Numbers{0, 2}));
}

TEST_CASE("jump: how far apart formats round") {
  CHECK(AnyLayer(ReLU{}).rounding_step() == 0);
  CHECK(AnyLayer(Dense<>::zeros(2, 2)).rounding_step() == 0x1p-23);
  CHECK(AnyLayer(Dense<BFloat16>::zeros(2, 2)).rounding_step() == 0x1p-7);
  CHECK(AnyLayer(RoundTo<RangeGuarded<Float16>>{}).rounding_step() == 0x1p-10);
  CHECK(AnyLayer(RoundTo<Int8Affine>{}).rounding_step() == 1);
}

}  // namespace
}  // namespace upset

// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "support/draws.hpp"
#include "support/small_networks.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/engine.hpp>
#include <upset/core/random.hpp>
#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/round_to.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/fold.hpp>
#include <upset/train/initialize.hpp>

namespace upset {
namespace {

[[nodiscard]] LabelledImages random_pictures(const Shape& shape, std::size_t count,
                                             std::size_t classes) {
  LabelledImages test{Tensor(shape.with_batch(count)), {}};
  Random random(7, 1);
  for (float& value : test.images.values()) {
    value = static_cast<float>(random.normal());
  }
  for (std::size_t i = 0; i < count; ++i) {
    test.labels.push_back(static_cast<std::uint8_t>(random.uniform_below(classes)));
  }
  return test;
}

// One flip, a few or many anywhere in the memory of the weights, or in what layers read, or both.
[[nodiscard]] std::vector<TrialFaults> random_trials(Network& network, std::size_t count,
                                                     bool weights, bool activations) {
  const FaultSpace space(network.images());
  const std::vector<std::uint64_t> bits = network.activation_bits();
  std::vector<TrialFaults> trials(count);
  for (std::size_t t = 0; t < count; ++t) {
    Random random(11, t);
    TrialFaults& trial = trials[t];
    trial.key = t;
    trial.seed = 5;
    if (weights) {
      const std::uint64_t flips = t % 20 == 7 ? 100 : t % 3 == 2 ? 1 + random.uniform_below(4) : 1;
      for (const std::uint64_t site : sample_exact(space, flips, random)) {
        trial.weights.push_back(space.address(site));
      }
    }
    if (activations && t % 4 == 3) {
      trial.activation_rate = 1e-4;
    } else if (activations) {
      std::size_t node = 0;
      do {
        node = random.uniform_below(network.size());
      } while (bits[node] == 0);
      for (const std::uint64_t bit : sample_exact(bits[node], 1 + t % 2, random)) {
        trial.activations.push_back({node, bit});
      }
    }
  }
  return trials;
}

constexpr std::size_t trial_count = test::draws(60, 8);

void check_levels_agree(Network network, bool is_exact, const std::string& name) {
  CAPTURE(name);
  const LabelledImages test = random_pictures(network.input_shape(), test::draws(5, 3), 10);
  network.calibrate(test.images);
  for (const int target : {1, 2, 3}) {
    CAPTURE(target);
    const auto trials = random_trials(network, trial_count, (target & 1) != 0, (target & 2) != 0);
    std::vector<std::vector<Outcomes>> results;
    for (const EngineLevel level :
         {EngineLevel::o0, EngineLevel::o1, EngineLevel::o2, EngineLevel::o3}) {
      Engine engine(network, test, {.level = level, .threads = level == EngineLevel::o3 ? 2U : 1U});
      results.push_back(engine.run(trials));
    }
    std::uint64_t changed = 0;
    for (std::size_t t = 0; t < trials.size(); ++t) {
      CAPTURE(t);
      changed += results[0][t].changed + results[0][t].critical;
      for (std::size_t level = 1; level < results.size(); ++level) {
        CAPTURE(level);
        Outcomes plain = results[0][t];
        Outcomes fast = results[level][t];
        if (!is_exact && level > 1) {
          fast.changed += std::exchange(fast.masked, 0);
          plain.changed += std::exchange(plain.masked, 0);
        }
        for (const Outcomes::Field& field : Outcomes::fields()) {
          CAPTURE(field.name);
          CHECK(fast.*field.count == plain.*field.count);
        }
      }
    }
    CHECK(changed > 0);  // or the trials test nothing
  }
}

[[nodiscard]] Network small_resnet() {
  const std::size_t side = test::draws(12, 8);
  Network network = resnet_cifar(8, {side, side, 3}, 10);
  initialize(network, 3);
  return network;
}
[[nodiscard]] Network small_lenet() {
  Network network = lenet5({28, 28, 1}, 10);
  initialize(network, 3);
  return network;
}

TEST_CASE("engine: every level gives the outcomes of plain inference, whatever the format") {
  const Network resnet = fold_batch_norms(small_resnet());
  check_levels_agree(resnet, false, "Float32");
  check_levels_agree(convert<Int8Affine>(resnet), true, "Int8Affine");
#ifdef __OPTIMIZE__
  check_levels_agree(convert<ParityGuarded<Int8Affine, std::uint64_t>>(resnet), true, "parity");
  check_levels_agree(small_resnet(), false, "Float32 with batch norms");
  check_levels_agree(convert<BFloat16>(resnet), false, "BFloat16");
  check_levels_agree(convert<Fixed<8, 6>, Fixed<8, 4>>(resnet), true, "Fixed<8,6>");
  check_levels_agree(convert<Mono<8>>(resnet), true, "Mono<8>");
  check_levels_agree(convert<Fixed<16, 12>>(resnet), true, "Fixed<16,12>");
  check_levels_agree(convert<MultiLevelBinary<2>>(resnet), true, "MultiLevelBinary<2>");
#endif
}

[[nodiscard]] Network two_convolutions(Bias bias) {
  Network network({8, 8, 3});
  network.add("first", Conv2d<>::zeros(3, 6, WindowGeometry::square(3, 1, 1), bias));
  network.add("relu", ReLU{});
  network.add("second", Conv2d<>::zeros(6, 4, WindowGeometry::square(3, 2, 1), bias));
  network.add("mean", GlobalAveragePool{});
  network.add("last", Dense<>::zeros(4, 10, bias));
  test::Values values(3);
  for (const Parameter& parameter : network.parameters()) {
    if (parameter.name.ends_with(".kernel")) {
      *parameter.value = values.uniform(parameter.value->shape(), -0.6F, 0.6F);
    }
  }
  network.encode();
  return network;
}

// The outcomes of flips in kernels, one or some a trial.
[[nodiscard]] std::vector<Outcomes> of_kernels(Network network, const LabelledImages& test,
                                               EngineLevel level) {
  network.calibrate(test.images);
  const FaultSpace space = FaultSpace(network.images()).only_named("kernel");
  std::vector<TrialFaults> trials(trial_count);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    Random random(17, t);
    trials[t].key = t;
    for (const std::uint64_t site : sample_exact(space, 1 + t % 3, random)) {
      trials[t].weights.push_back(space.address(site));
    }
  }
  return Engine(network, test, {.level = level, .threads = 1}).run(trials);
}

TEST_CASE("engine: without biases flips do what they do beside biases of zeros, on every level") {
  const LabelledImages test = random_pictures({8, 8, 3}, 5, 10);
  const Network none = two_convolutions(Bias::none);
  const Network zeros = two_convolutions(Bias::zeros);
  for (const EngineLevel level :
       {EngineLevel::o0, EngineLevel::o1, EngineLevel::o2, EngineLevel::o3}) {
    CAPTURE(static_cast<int>(level));
    CHECK(of_kernels(none, test, level) == of_kernels(zeros, test, level));
    CHECK(of_kernels(convert<Int8Affine>(none), test, level) ==
          of_kernels(convert<Int8Affine>(zeros), test, level));
  }
  check_levels_agree(none, false, "Float32 without biases");
  check_levels_agree(convert<Int8Affine>(none), true, "Int8Affine without biases");
}

// Every bit of two dense layers, 6 to 5 to 4; returns how many trials have to be computed.
template <Format F>
[[nodiscard]] std::size_t check_every_bit() {
  Network network(Shape{6});
  network.add("first", Dense<>::zeros(6, 5));
  network.add("relu", ReLU{});
  network.add("second", Dense<>::zeros(5, 4));
  initialize(network, 3);
  network = convert<F>(network);
  const LabelledImages test = random_pictures(Shape{6}, 3, 4);
  network.calibrate(test.images);
  const FaultSpace space(network.images());
  std::vector<TrialFaults> trials(space.bit_count());
  for (std::size_t t = 0; t < trials.size(); ++t) {
    trials[t].key = t;
    trials[t].weights.push_back(space.address(t));
  }
  Engine plain(network, test, {.level = EngineLevel::o0, .threads = 1});
  Engine fast(network, test, {.threads = 2, .verify = 0.2});
  std::uint64_t pairs = 0;
  std::mutex mutex;
  const auto outcomes = fast.run(trials, [&](std::uint64_t finished) {
    const std::lock_guard lock(mutex);
    pairs += finished;
  });
  CHECK(outcomes == plain.run(trials));
  CHECK(pairs == trials.size() * 3);
  detail::GoldenOutputs golden(network.output_shape(), test.labels.size());
  detail::TrialWorker worker(network, test, EngineLevel::o3, nullptr, golden);
  std::set<std::vector<std::uint32_t>> keys;
  std::size_t computed = 0;
  for (const TrialFaults& trial : trials) {
    const auto key = worker.prepare(trial).key();
    computed += key.size() == 1 || keys.insert(key).second ? 1U : 0U;
  }
  return computed;
}

TEST_CASE("engine: flips that do the same are computed once") {
  constexpr std::size_t weights = 6 * 5 + 5 * 4;
  constexpr std::size_t biases = 5 + 4;
  constexpr std::size_t scale_bits = 6 * 8;  // two for weights, two for biases, two for inputs
  // set bits and clear bits
  CHECK(check_every_bit<Mono<8>>() <= 2 * (weights + biases) + scale_bits);
  // words of 8 without their values: 4, 3, and 2 of biases
  CHECK(check_every_bit<ParityGuarded<Mono<8>, std::uint64_t>>() <= 9 + scale_bits);
  CHECK(check_every_bit<Int8Affine>() >= 8 * weights);
}

// Sets of flips at O1 and O3, whose fault-free outputs are kept from the first call on.
TEST_CASE("engine: outcomes do not depend on what earlier calls have kept") {
  Network network = convert<Int8Affine>(fold_batch_norms(small_resnet()));
  const LabelledImages test = random_pictures(network.input_shape(), test::draws(50, 26), 10);
  network.calibrate(test.images);
  const auto trials = random_trials(network, trial_count, true, false);
  const auto all = std::span(trials);
  const auto expected = Engine(network, test, {.level = EngineLevel::o0}).run(trials);
  for (const EngineLevel level : {EngineLevel::o1, EngineLevel::o3}) {
    CAPTURE(static_cast<int>(level));
    Engine engine(network, test, {.level = level, .threads = 2, .verify = 0.02});
    std::vector<Outcomes> found;
    for (std::size_t first = 0; first < trials.size(); first += 7) {
      const auto part = all.subspan(first, std::min<std::size_t>(7, trials.size() - first));
      const auto outcomes = engine.run(part);
      found.insert(found.end(), outcomes.begin(), outcomes.end());
    }
    CHECK(found == expected);
    CHECK(engine.run(trials) == expected);
  }
}

// Right for a picture by itself; in a batch every row is the first.
struct FirstRow : Stateless {
  [[nodiscard]] static std::string kind() { return "FirstRow"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) { return shapes[0]; }
  [[nodiscard]] static Tensor forward(Inputs x, const Pass& /*pass*/) {
    Tensor y = *x[0];
    for (std::size_t b = 1; b < y.batch(); ++b) {
      std::ranges::copy(y.row(0), y.row(b).begin());
    }
    return y;
  }
  static void backward(Inputs /*x*/, const Tensor& /*y*/, const Tensor& /*d_y*/,
                       Gradients& /*to*/) {}
};

TEST_CASE("engine: what is verified are the outcomes that are returned") {
  test::Values values(1);
  Network network = test::small_residual<Int8Affine>(values);
  network.add("first row", FirstRow{});
  const LabelledImages test = random_pictures(network.input_shape(), 1, 7);
  const std::uint64_t bits = network.activation_bits()[0];
  std::vector<TrialFaults> trials(40);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    trials[t].key = t;
    Random random(3, t);
    for (const std::uint64_t bit : sample_exact(bits, 100, random)) {
      trials[t].activations.push_back({0, bit});
    }
  }
  // so much changes that runs end as batches
  const auto plain = Engine(network, test, {.level = EngineLevel::o0}).run(trials);
  CHECK(Engine(network, test, {.threads = 1}).run(trials) != plain);
  CHECK_THROWS_AS((void)Engine(network, test, {.threads = 1, .verify = 1}).run(trials), Error);
}

// A float convolution, a pool of all it gives and a reader whose jumps the pooled values of the
// first picture lie at: the nearest one to x is `jump(x)`. On which side the first value lies
// decides between the first two classes.
template <class Jump>
void check_at_jumps(const std::string& name, Jump jump, const std::vector<AnyLayer>& readers,
                    bool before_pool = false) {
  CAPTURE(name);
  std::uint64_t different = 0;
  std::uint64_t changed = 0;
  for (std::uint32_t seed = 1; seed <= test::draws(12, 1); ++seed) {
    test::Values values(seed);
    Tensor bias({4});
    const Tensor kernel = values.uniform({4, 3, 3, 3}, -0.3F, 0.3F);
    Tensor dense = values.uniform({10, 4}, -0.3F, 0.3F);
    std::ranges::copy(std::vector<float>{3, 0, 0, 0, 4, 0, 0, 0}, dense.data());
    Tensor dense_bias({10});
    const auto build = [&] {
      Network network(Shape{8, 8, 3});
      network.add("conv", Conv2d<>(WindowGeometry::square(3, 1, 1), kernel, bias));
      if (!before_pool) {
        network.add("pool", MaxPool(8));
      }
      for (const AnyLayer& reader : readers) {
        network.add("reader" + std::to_string(network.size()), reader);
      }
      if (before_pool) {
        network.add("pool", MaxPool(8));
      }
      network.add("dense", Dense<>(dense, dense_bias));
      return network;
    };
    const LabelledImages test{values.uniform({4, 8, 8, 3}, -1.0F, 1.0F), {0, 1, 2, 3}};
    Network first(Shape{8, 8, 3});
    first.add("conv", Conv2d<>(WindowGeometry::square(3, 1, 1), kernel, bias));
    first.add("pool", MaxPool(8));
    const Tensor pooled = first.forward(test.images);
    for (std::size_t c = 0; c < 4; ++c) {
      bias[c] = jump(pooled[c]) - pooled[c];
    }
    dense_bias[1] = -0.999F * jump(pooled[0]);
    const Network network = build();
    const FaultSpace space(Network(network).images());
    std::vector<TrialFaults> trials;
    for (std::uint64_t bit = 0; bit < 4 * 27 * 32; ++bit) {
      if (bit % 32 < 15) {
        trials.emplace_back().key = bit;
        trials.back().weights.push_back(space.address(bit));
      }
    }
    auto plain = Engine(network, test, {.level = EngineLevel::o0}).run(trials);
    auto fast = Engine(network, test, {.threads = 1}).run(trials);
    for (std::size_t t = 0; t < trials.size(); ++t) {
      changed += plain[t].critical;
      plain[t].changed += std::exchange(plain[t].masked, 0);
      fast[t].changed += std::exchange(fast[t].masked, 0);
      different += plain[t] == fast[t] ? 0U : 1U;
    }
  }
  CHECK(different == 0);
  CHECK(changed > 0);  // or the trials test nothing
}

TEST_CASE("engine: float sums at the jump of what reads them are inferred plainly") {
  const auto to = [](float place) { return [place](float /*x*/) { return place; }; };
  check_at_jumps("ClippedReLU in a tail", to(1.0F), {ReLU{}, ClippedReLU(1.0F)}, true);
  const auto middle = [](float x) {
    const float low = float{BFloat16(x)};
    return low + std::ldexp(1.0F, std::ilogb(low) - 8);
  };
  check_at_jumps("BFloat16", middle, {RoundTo<BFloat16>{}});
  using Rounded = RangeGuarded<BFloat16>;  // which looks at what has been rounded
  check_at_jumps("RangeGuarded<BFloat16>", to(1.0F + 0x1p-8F),
                 {RoundTo<Rounded>(Rounded::Scale{.inner = {}, .low = -2.0F, .high = 1.0F})});
#ifdef __OPTIMIZE__
  check_at_jumps("ClippedReLU", to(1.0F), {ClippedReLU(1.0F)});
  check_at_jumps("ClippedReLU behind HardSwish", to(1.0F), {HardSwish{}, ClippedReLU(2.0F / 3.0F)});
  check_at_jumps("Sign", to(0.0F), {Sign{}});
  check_at_jumps("RoundTo", to(0.75F), {RoundTo<Fixed<4, 1>>{}});
  check_at_jumps("Binary", to(0.0F), {RoundTo<Binary>(Binary::Scale{})});
  using Ranged = RangeGuarded<Float32>;
  check_at_jumps("RangeGuarded", to(1.0F),
                 {RoundTo<Ranged>(Ranged::Scale{.inner = {}, .low = -2.0F, .high = 1.0F})});
#endif
}

TEST_CASE("engine: dense layers and pools") {
  check_levels_agree(small_lenet(), false, "Float32");
  check_levels_agree(convert<Int8Affine>(small_lenet()), true, "Int8Affine");
  check_levels_agree(convert<Mono<5>>(small_lenet()), true, "Mono<5>");
}

}  // namespace
}  // namespace upset

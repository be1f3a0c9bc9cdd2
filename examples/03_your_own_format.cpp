// SPDX-License-Identifier: BSL-1.0
// What does it take to add a format, a guard and a layer of one's own?
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <span>
#include <utility>
#include <vector>

#include <upset/campaign/sweep.hpp>
#include <upset/format/gamma.hpp>
#include <upset/nn/dense.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;

// A format: code 1 is gamma, 3 is -gamma, 0 is 0, and so is 2, which only faults write.
struct Ternary : PlainWord<Ternary, 2> {  // words of memory are codes
  using code_type = std::uint8_t;
  using Scale = GammaScale<1>;  // a factor in 8 bits, which faults hit and training learns
  using Element = Ternary;      // itself; a guard has that of the format it wraps
  static constexpr int width = 2;
  static constexpr Operand operand = Operand::level;  // values are integers times a step
  static constexpr int max_level = 1;                 // the largest magnitude of these integers

  static constexpr Name name() { return Name{"Ternary"}; }
  static constexpr BitRole role(int bit) { return bit == 1 ? BitRole::sign : BitRole::fraction; }
  static code_type encode(float x, Scale scale) {
    return std::abs(x) <= step(scale) / 2 ? 0 : x < 0 ? 3 : 1;
  }
  static std::int32_t level(code_type code, Scale) { return code == 3 ? -1 : code % 2; }
  static float step(Scale scale) { return scale.gamma(0); }
  static float decode(code_type code, Scale scale) {
    return step(scale) * static_cast<float>(level(code, scale));
  }
  static Scale fit(std::span<const float> values) {
    float largest = 0;
    for (const float x : values) {
      largest = std::max(largest, std::abs(x));
    }
    return Scale::from_gammas(std::array{largest / 2});
  }
  // What training learns: needed where a scale has gammas, and the format is not made of signs.
  static float straight_through(float x, Scale scale, float d_quantized,
                                std::span<double> d_gamma) {
    d_gamma[0] += static_cast<double>(d_quantized) * level(encode(x, scale), scale);
    return std::abs(x) < 2 * step(scale) ? d_quantized : 0.0F;
  }
};

// A guard: each code beside its complement; where they disagree, the value reads as zero.
template <Format T>
struct DualRail : T {  // the numbers of T in other words
  using code_type = typename T::code_type;
  using Word = Unsigned<2 * T::width>;
  static constexpr int lanes = 1;  // codes in a word
  static constexpr int lane_bits = 2 * T::width;
  static constexpr int word_bits = lane_bits;

  static constexpr Name name() { return template_name("DualRail", T::name()); }
  static BitRole word_role(int bit) { return bit < T::width ? T::role(bit) : BitRole::copy; }
  static Word store(std::span<const code_type> codes) {
    const std::uint64_t code = codes[0];
    return static_cast<Word>(code | (code ^ low_mask<std::uint64_t>(T::width)) << T::width);
  }
  static Check load(Word word, std::span<code_type> codes) {
    codes[0] = static_cast<code_type>(word & low_mask<Word>(T::width));
    return store(codes) == word ? Check::intact : Check::masked;
  }
};

// A layer: y = x / (1 + |x|). One with weights has parameters() and images() instead of a base.
struct SoftSign : Stateless {
  static const char* kind() { return "SoftSign"; }
  static Shape output_shape(InputShapes shapes) { return single_input(shapes, kind()); }
  static Tensor forward(Inputs inputs, const Pass&) {
    Tensor y = *inputs[0];
    std::ranges::transform(y.values(), y.data(), [](float x) { return x / (1 + std::abs(x)); });
    return y;
  }
  static void backward(Inputs, const Tensor& y, Tensor d_y, Gradients& gradients) {
    for (std::size_t i = 0; i < d_y.size(); ++i) {
      d_y[i] *= (1 - std::abs(y[i])) * (1 - std::abs(y[i]));
    }
    gradients.add(0, std::move(d_y));
  }
};

static_assert(Format<Ternary> && Format<DualRail<Ternary>> && Layer<SoftSign>);

template <Format F>
void upset_in(const Network& real, const Tensor& pictures) {
  Network net = convert<F>(real);
  net.calibrate(pictures);
  const std::vector<std::uint32_t> answers = classify(net, pictures, 0, pictures.batch());
  const LabelledImages test{pictures, {answers.begin(), answers.end()}};
  double changed = 0;
  for (const Trial& trial : sweep(net, test, {.rates = {1e-3}, .trials = 20})) {
    changed += static_cast<double>(trial.critical) / static_cast<double>(trial.images);
  }
  std::cout << F::name().view() << ", biases in " << BiasFormat<F>::name().view() << ": "
            << 100 * changed / 20 << " % of the classes change\n";
}

int main() {
  Network real(Shape{64});
  real.add("first", Dense<>::zeros(64, 128));
  real.add("soft", SoftSign{});
  real.add("second", Dense<>::zeros(128, 10));
  initialize(real, 1);
  Tensor pictures({50, 64});
  Random random(1);
  std::ranges::generate(pictures.values(), [&] { return random.uniform_double() - 0.5; });
  upset_in<Ternary>(real, pictures);
  upset_in<DualRail<Ternary>>(real, pictures);
  upset_in<Int8Affine>(real, pictures);
  upset_in<DualRail<Int8Affine>>(real, pictures);
}

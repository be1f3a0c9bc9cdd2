// SPDX-License-Identifier: BSL-1.0
/// How changes pass through a convolution: by differences while they are few, else as a whole.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <upset/kernel/byte_product.hpp>
#include <upset/kernel/channel_differences.hpp>
#include <upset/kernel/channel_product.hpp>
#include <upset/kernel/delta_product.hpp>
#include <upset/kernel/sum_writer.hpp>
#include <upset/nn/change.hpp>
#include <upset/nn/input_differences.hpp>
#include <upset/nn/kept_picture.hpp>
#include <upset/nn/weight_effect.hpp>

namespace upset {

/// The rule of a convolution without groups.
///
/// A sum of levels is an integer, so adding what changed gives exactly what the layer would
/// compute; sums of floats come out in another order of additions.
/// - cost: differences of inputs times taps times outputs, and reading the band that changed; the
///         whole layer where that would be more
///
/// Differences are multiplied as `T`, see `DeltaProduct`.
template <class Level, class T = Level>
class ConvolutionChange final : public ChangeRule {
 public:
  using Product = DeltaProduct<T>;
  using Sum = typename Product::Sum;
  static constexpr bool in_levels = std::is_integral_v<Level>;
  static constexpr bool in_bytes = std::is_same_v<T, std::int8_t>;

  ConvolutionChange(std::unique_ptr<ConvolutionFace<Level>> face, const WindowGeometry& geometry,
                    const Shape& input, std::size_t outputs)
      : face_(std::move(face)),
        input_(input),
        outputs_(outputs),
        product_(geometry, input[0], input[1], input[2], outputs),
        steps_(face_->steps()),
        biases_(face_->biases()),
        differences_(*face_, geometry, input),
        row_sums_(product_.output_width() * product_.stride()),
        row_values_(product_.output_width() * outputs),
        weight_sums_(product_.output_height() * row_sums_.size()),
        no_sums_(in_levels ? 0 : weight_sums_.size(), Sum{0}) {
    steps_.resize(product_.stride());  // whole vectors
    biases_.resize(product_.stride());
    if constexpr (in_bytes) {
      if (differences_.compares_channels()) {
        channel_product_.emplace(geometry, product_.output_width(), input[2], product_.stride());
      }
    }
    const std::vector<Level> weights = face_->weights();
    const std::size_t depth = weights.size() / outputs;
    std::vector<double> sums(outputs, 0.0);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double size = std::abs(static_cast<double>(weights[i]));
      product_.set_weight(i / depth, i % depth, weights[i]);
      if constexpr (in_bytes) {
        if (channel_product_) {
          channel_product_->set_weight(i / depth, i % depth, weights[i]);
        }
      }
      largest_weight_ = std::max(largest_weight_, size);
      largest_row_ = std::max(largest_row_, sums[i / depth] += size);
    }
    depth_ = depth;
    most_differences_ = detail::most_differences<Level, T>(
        product_.output_width() * product_.output_height(), product_.stride(), depth, input[2]);
  }

  void keep(std::size_t slot, std::span<const float> x, std::span<const float> y) override {
    if (slots_.size() <= slot) {
      slots_.resize(slot + 1);
    }
    slots_[slot].keep(*face_, x, y, outputs_, steps_, biases_);
  }

  [[nodiscard]] std::optional<WeightEffect> effect() const override {
    return detail::weight_effect(*face_, biases_, depth_,
                                 [this](std::size_t output, std::size_t k) {
                                   return static_cast<float>(product_.weight(output, k));
                                 });
  }

  void propagate(std::size_t slot, std::span<const ChangedInput> inputs, std::span<const float> y,
                 const NodeFaults& faults, Change& to) override {
    propagate(slot, inputs, y, faults, Tail{}, to);
  }

  [[nodiscard]] bool takes_tail() const override { return true; }
  void propagate(std::size_t slot, std::span<const ChangedInput> inputs, std::span<const float> y,
                 const NodeFaults& faults, const Tail& tail, Change& to) override {
    inherit(inputs, to);
    const Slot& kept = slots_[slot];
    const ChangedInput& x = inputs[0];
    const WeightEffect* const effect = faults.weights;
    const bool has_effect = effect != nullptr && effect->weights.size() + effect->biases.size() > 0;
    if (!kept.is_usable || !differences_.find(x, faults, kept.levels, most_differences_) ||
        !sums_fit(kept, effect)) {
      if (faults.may_decline) {
        to.is_declined = true;
        return;
      }
      compute_whole(x, faults, to);
      tail.apply(outputs_, to);
    } else if (differences_.empty() && !has_effect) {
      to.set_none();
    } else if (differences_.empty() && effect->weights.size() + effect->biases.size() == 1) {
      change_channel(kept, y, *effect, tail, to);
    } else {
      change_rows(kept, y, has_effect ? effect : nullptr, tail, to);
    }
  }

 private:
  using Slot = KeptPicture<Level>;

  using ChannelProducts =
      std::conditional_t<in_bytes, std::optional<ChannelProduct<T>>, std::monostate>;

  static constexpr std::size_t lanes = Product::lanes;
  using Floats = typename detail::Register<float, lanes>::type;
  using StoredFloats = typename detail::Lanes<float, lanes>::type;
  using Vector = typename Product::Vector;
  using Stored = typename detail::Lanes<Sum, lanes>::type;

  // Before anything changes: of floats differences are added up, which are zeros.
  [[nodiscard]] const AlignedVector<Sum>& sums_of(const Slot& kept) const {
    if constexpr (in_levels) {
      return kept.sums;
    } else {
      return no_sums_;
    }
  }

  // Whether sums keep within 32 bits, by bounds on what is added to those kept.
  [[nodiscard]] bool sums_fit(const Slot& kept, const WeightEffect* effect) const {
    if constexpr (!in_levels) {
      return true;
    }
    // those that bytes are parts of are differences of levels within +-255
    std::pair<double, double> sizes{510, 510.0 * static_cast<double>(kept.levels.size())};
    if constexpr (sizeof(T) > 1) {
      sizes = differences_.magnitudes();
    }
    const auto [largest, total] = sizes;
    double bound = std::min(largest * largest_row_, total * largest_weight_);
    for (std::size_t n = 0; effect != nullptr && n < effect->weights.size(); ++n) {
      const double size = std::abs(static_cast<double>(effect->weights[n].difference));
      bound += size * (static_cast<double>(kept.largest) + largest);
    }
    return bound < 0x1p31 - 0x1p21;
  }

  // Rows of the output that may change, each finished while it is in the cache.
  void change_rows(const Slot& kept, std::span<const float> y, const WeightEffect* effect,
                   const Tail& tail, Change& to) {
    const std::size_t row_pixels = product_.output_width();
    const std::size_t row_size = row_pixels * outputs_;
    std::array<std::size_t, 2> rows{0, product_.output_height()};
    biases_now_ = biases_;
    // of what is added up, too: it may cancel, to leave a sum that does not tell
    std::uint32_t largest = largest_product();
    if (effect == nullptr) {
      const auto [first, last] = differences_.rows();
      rows = product_.output_rows(first, last);
    } else {
      for (const WeightEffect::Bias& bias : effect->biases) {
        biases_now_[bias.output] = bias.value;
      }
      std::ranges::copy(sums_of(kept), weight_sums_.begin());
      largest = std::max(largest, add_weights(*effect, kept));
    }
    to.begin = rows[0] * row_size;
    to.end = rows[1] * row_size;
    for (std::size_t row = rows[0]; row < rows[1]; ++row) {
      largest = std::max(largest, change_row(row, kept, y, effect != nullptr, tail, to.values));
    }
    note_rounding(kept, largest, to);
    tail.extend(y, to);
  }

  // No w dx of floats has a larger magnitude.
  [[nodiscard]] std::uint32_t largest_product() const {
    std::uint32_t largest = 0;
    if constexpr (!in_levels) {
      for (const std::uint32_t difference : differences_.list().values()) {
        largest = std::max(largest, difference & 0x7FFFFFFFU);
      }
    }
    return detail::magnitude_bits(std::bit_cast<float>(largest) *
                                  static_cast<float>(largest_weight_));
  }

  // w' x' = w x + w dx + dw x': the last of these. Returns the largest magnitude of one, of floats.
  [[nodiscard]] std::uint32_t add_weights(const WeightEffect& effect, const Slot& kept) {
    std::uint32_t largest = 0;
    for (const WeightEffect::Weight& weight : effect.weights) {
      const auto difference = static_cast<Sum>(weight.difference);
      product_.for_each_input(weight.k, [&](std::size_t pixel, std::size_t i) {
        const Level x = differences_.level(i, kept.levels);
        const Sum added = difference * static_cast<Sum>(x);
        weight_sums_[pixel * product_.stride() + weight.output] += added;
        if constexpr (!in_levels) {
          largest = std::max(largest, detail::magnitude_bits(added));
        }
      });
    }
    return largest;
  }

  // Adds to a row of levels, if there are any, the products of the differences, and finishes it.
  template <class Writer>
  void write_row(std::size_t row, const Sum* sums, const Writer& to) {
    if constexpr (in_bytes) {
      if (const ChannelDifferences* const channel = differences_.channel()) {
        channel_product_->add_row(row, *channel, sums, to);
        return;
      }
    }
    if (!differences_.empty()) {
      product_.add_row(row, differences_.list(), sums, to);
      return;
    }
    for (std::size_t o = 0; o < outputs_; o += lanes) {
      const auto take = to.template columns<1>(o);
      for (std::size_t p = 0; p < product_.output_width(); ++p) {
        const Vector sum = *reinterpret_cast<const Stored*>(sums + p * product_.stride() + o);
        take(p, 0, sum);
      }
    }
  }

  // y = sum step + bias, of levels, and the tail. Returns the magnitude of the largest change, of
  // floats.
  [[nodiscard]] std::uint32_t change_row(std::size_t row, const Slot& kept,
                                         std::span<const float> y, bool has_effect,
                                         const Tail& tail, std::span<float> values) {
    const std::size_t stride = product_.stride();
    const std::size_t pixels = product_.output_width();
    const std::size_t first = row * pixels;
    const Sum* sums = (has_effect ? weight_sums_ : sums_of(kept)).data() + first * stride;
    const std::span<float> finished = values.subspan(first * outputs_, pixels * outputs_);
    float* const out = finished.data();
    if constexpr (in_levels) {
      detail::LevelRowWriter to{out, outputs_, steps_.data(), biases_now_.data()};
      if (outputs_ % lanes == 0) {  // else vectors reach beyond what is added
        to.least = tail.least;
        to.added = tail.added == nullptr
                       ? nullptr
                       : tail.added->stretch(first * outputs_, finished.size(), row_values_.data());
        write_row(row, sums, to);
        tail.apply_function(first * outputs_, finished);
      } else {
        write_row(row, sums, to);
        tail.apply(first * outputs_, finished);
      }
      return 0;
    } else {
      if (!differences_.empty()) {
        product_.add_row(row, differences_.list(), sums,
                         typename Product::SumRow{row_sums_.data(), stride});
        sums = row_sums_.data();
      }
      const std::size_t outputs = outputs_;
      const float* const biases = biases_now_.data();
      const float* const old_biases = biases_.data();
      const float* old = y.data() + first * outputs;
      std::uint32_t largest = 0;
      for (std::size_t p = 0; p < pixels; ++p) {
        for (std::size_t o = 0; o < outputs; ++o) {
          const float difference = sums[p * stride + o] + (biases[o] - old_biases[o]);
          largest = std::max(largest, detail::magnitude_bits(difference));
          out[p * outputs + o] = old[p * outputs + o] + difference;
        }
      }
      tail.apply(first * outputs, finished);
      return largest;
    }
  }

  // Of one weight or bias.
  void change_channel(const Slot& kept, std::span<const float> y, const WeightEffect& effect,
                      const Tail& tail, Change& to) {
    const bool is_weight = !effect.weights.empty();
    const std::size_t output = is_weight ? effect.weights[0].output : effect.biases[0].output;
    const float bias = is_weight ? biases_[output] : effect.biases[0].value;
    const std::size_t pixels = y.size() / outputs_;
    to.channel_values.resize(pixels);
    float* const values = to.channel_values.data();
    std::uint32_t largest = 0;
    const auto change = [&](std::size_t pixel, Sum added) {
      if constexpr (in_levels) {
        values[pixel] = static_cast<float>(kept.sums[pixel * product_.stride() + output] + added) *
                            steps_[output] +
                        bias;
      } else {
        const float difference = added + (bias - biases_[output]);
        largest = std::max(largest, detail::magnitude_bits(difference));
        values[pixel] += difference;
      }
    };
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
      values[pixel] = y[pixel * outputs_ + output];
      if (!is_weight) {
        change(pixel, 0);
      }
    }
    if (is_weight) {
      const auto difference = static_cast<Sum>(effect.weights[0].difference);
      product_.for_each_input(effect.weights[0].k, [&](std::size_t pixel, std::size_t i) {
        change(pixel, difference * static_cast<Sum>(kept.levels[i]));
      });
    }
    note_rounding(kept, largest, to);
    if (tail.of_channel != nullptr) {
      (*tail.of_channel)(output, to.channel_values);
      to.set_channel(output, outputs_, tail.golden);
    } else if (tail.is_none()) {
      to.set_channel(output, outputs_, y);
    } else {
      std::ranges::copy(y, to.values.begin());
      for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
        to.values[pixel * outputs_ + output] = values[pixel];
      }
      to.begin = 0;
      to.end = y.size();
      tail.apply(outputs_, to);
    }
  }

  // What is a thousand times as large as everything before it has left no more than half of the
  // digits of what it was added to.
  static void note_rounding(const Slot& kept, std::uint32_t largest, Change& to) {
    if constexpr (!in_levels) {
      to.is_exact = false;
      const float change = std::bit_cast<float>(largest);
      to.is_suspect = to.is_suspect || !(change <= 1024.0F * kept.largest);
    }
  }

  void compute_whole(const ChangedInput& x, const NodeFaults& faults, Change& to) {
    Tensor picture = Tensor::uninitialized(input_.with_batch(1));
    x.write(picture.values());
    const ActivationHook flip = faults.hook();
    Pass pass;
    pass.hook = faults.activation_bits.empty() ? nullptr : &flip;
    const Tensor result = face_->forward(picture, pass);
    std::ranges::copy(result.values(), to.values.begin());
    to.begin = 0;
    to.end = result.size();
    to.is_suspect = to.is_suspect || (faults.weights != nullptr && !faults.is_refreshed);
  }

  std::unique_ptr<ConvolutionFace<Level>> face_;
  Shape input_;  // [H, W, I]
  std::size_t outputs_;
  std::size_t depth_ = 0;
  std::size_t most_differences_ = 0;
  double largest_weight_ = 0;  // magnitude
  double largest_row_ = 0;     // sum of the magnitudes of an output's weights
  Product product_;
  ChannelProducts channel_product_;  // where `differences_` may be of one channel
  std::vector<float> steps_;
  std::vector<float> biases_;
  std::vector<Slot> slots_;
  // of the picture being computed
  InputDifferences<Level, T> differences_;
  AlignedVector<Sum> row_sums_;
  AlignedVector<float> row_values_;
  AlignedVector<Sum> weight_sums_;  // of all, changed weights included
  AlignedVector<Sum> no_sums_;
  std::vector<float> biases_now_;
};

}  // namespace upset

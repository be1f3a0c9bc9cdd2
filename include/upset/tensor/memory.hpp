// SPDX-License-Identifier: BSL-1.0
/// A tensor as the device's memory holds it: words of codes, check bits and scales.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <upset/format/level_encoder.hpp>
#include <upset/tensor/memory_image.hpp>

namespace upset {

/// The memory image of `size` elements in `F`; faults flip its bits, `decode` reads through them.
///
/// One scale serves the whole tensor, or n scales serve n equal consecutive parts of it (output
/// channels of a kernel in OHWI order).
template <Format F>
class Memory final : public MemoryImage {
 public:
  using Code = typename F::code_type;
  using Word = typename F::Word;
  using Scale = typename F::Scale;
  static constexpr std::size_t lanes = static_cast<std::size_t>(F::lanes);
  /// Words are codes, so whole tensors are rounded and read in loops without a word in them.
  static constexpr bool one_code_a_word = is_plain<F> && lanes == 1 && std::same_as<Word, Code>;

  // -- making one
  Memory() : Memory(0) {}
  explicit Memory(std::size_t size, std::vector<Scale> scales = {Scale{}})
      : scales_(std::move(scales)) {
    resize(size);
  }
  Memory(std::span<const float> values, std::vector<Scale> scales)
      : Memory(values.size(), std::move(scales)) {
    encode(values);
  }

  /// Writes `values`, each rounded under its scale; changes the size to theirs. O(size).
  void encode(std::span<const float> values) {
    resize(values.size());
    touched_.clear();
    scale_touched_ = false;
    if constexpr (one_code_a_word) {
      encode_codes(values, words_.data());
    } else {
      // All codes first: their loop is one of vectors, which packing words in between would break.
      std::vector<Code> codes(words_.size() * lanes);
      encode_codes(values, codes.data());
      for (std::size_t word = 0; word < words_.size(); ++word) {
        words_[word] = F::store(std::span<const Code>(codes.data() + word * lanes, lanes));
      }
    }
  }
  void encode(std::span<const float> values, std::vector<Scale> scales) {
    require_even_shares(values.size(), scales.size());  // or a throw would leave the scales behind
    scales_ = std::move(scales);
    encode(values);
  }
  /// The same of sums that faults are about to hit, with one NaN for all: which sign and payload a
  /// sum gives depends on the order of its operands, and so on compiler and batch, and a flip in
  /// its exponent would make a number of them.
  void encode_sums(std::span<const float> values, const Scale& scale) {
    bool has_nan = false;
    for (const float x : values) {
      has_nan |= x != x;
    }
    std::vector<float> numbers;
    if (has_nan) {
      numbers.assign(values.begin(), values.end());
      for (float& x : numbers) {
        x = x == x ? x : std::numeric_limits<float>::quiet_NaN();
      }
      values = numbers;
    }
    encode(values, {scale});
  }

  // -- reading one
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const Word> words() const { return words_; }
  [[nodiscard]] std::span<const Scale> scales() const { return scales_; }
  [[nodiscard]] const Scale& scale_of(std::size_t element) const {
    return scales_.size() == 1 ? scales_.front() : scales_[element / (size_ / scales_.size())];
  }

  /// Whether all words are read sooner than those touched, one by one: an element takes 20 times as
  /// long so, measured in kernels.
  [[nodiscard]] bool is_sooner_read_whole() const {
    return touched_words().size() * lanes > size_ / 20;
  }

  /// Calls `use(element, code, scale)` for the elements of words `first` to `last - 1`, as read
  /// through the guard: lanes of a masked word hold the code nearest to zero.
  template <class Use>
  void read(std::size_t first_word, std::size_t last_word, Use use) const {
    std::array<Code, lanes> codes{};
    for (std::size_t word = first_word; word < last_word; ++word) {
      [[maybe_unused]] const Check check = F::load(words_[word], std::span<Code>(codes));
      const std::size_t first = word * lanes;
      const std::size_t count = std::min(lanes, size_ - first);
      for (std::size_t lane = 0; lane < count; ++lane) {
        const Scale& scale = scale_of(first + lane);
        if constexpr (!is_plain<F>) {  // or the encoding of zero is computed for every element
          if (check == Check::masked) [[unlikely]] {
            codes[lane] = F::encode(0.0F, scale);
          }
        }
        use(first + lane, codes[lane], scale);
      }
    }
  }
  template <class Use>
  void read(Use use) const {
    if constexpr (one_code_a_word) {
      for_each_part([&](std::size_t first, std::size_t last, Scale scale) {
        const Word* const words = words_.data();
        for (std::size_t i = first; i < last; ++i) {
          use(i, words[i], scale);
        }
      });
    } else {
      read(0, words_.size(), use);
    }
  }

  /// Throws `Error` unless `values` are as many as the elements.
  void decode(std::span<float> values) const override {
    if (values.size() != size_) {
      throw Error("A memory image of " + std::to_string(size_) + " elements cannot be read into " +
                  std::to_string(values.size()) + " values; give it " + std::to_string(size_));
    }
    read([to = values.data()](std::size_t element, Code code, const Scale& scale) {
      to[element] = F::decode(code, scale);
    });
  }

  // -- faults
  [[nodiscard]] std::string_view format_name() const override {
    static constexpr Name name = F::name();
    return name;
  }
  [[nodiscard]] ImageLayout layout() const override {
    return {.elements = size_,
            .element_bits = F::width,
            .lanes = F::lanes,
            .lane_bits = F::lane_bits,
            .word_bits = F::word_bits,
            .scales = Scale::width == 0 ? 0 : scales_.size(),
            .scale_bits = Scale::width};
  }
  [[nodiscard]] BitRole word_role(int word_bit) const override { return F::word_role(word_bit); }
  [[nodiscard]] bool test(std::uint64_t bit) const override {
    const Spot at = spot(bit);
    return at.in_scale ? scales_[at.index].test(at.bit) : test_bit(words_[at.index], at.bit);
  }
  [[nodiscard]] Check check(std::uint64_t bit) const override {
    const Spot at = spot(bit);
    std::array<Code, lanes> codes{};
    return at.in_scale ? Check::intact : F::load(words_[at.index], std::span<Code>(codes));
  }
  void flip(std::uint64_t bit) override {
    const Spot at = spot(bit);
    if (at.in_scale) {
      scales_[at.index].flip(at.bit);
      scale_touched_ = true;
    } else {
      words_[at.index] = flip_bit(words_[at.index], at.bit);
      touched_.push_back(at.index);
    }
  }

  // -- what faults touched, for readers that keep an operand
  /// Words flipped since the last `encode` or `forget_touched`, in order of the flips, perhaps more
  /// than once each; if `scale_touched()`, every element may have changed.
  [[nodiscard]] std::span<const std::uint64_t> touched_words() const { return touched_; }
  [[nodiscard]] bool scale_touched() const { return scale_touched_; }
  void forget_touched() {
    touched_.clear();
    scale_touched_ = false;
  }

 private:
  /// Calls `use(first, last, scale)` for the elements that share a scale.
  template <class Use>
  void for_each_part(Use use) const {
    const std::size_t part = size_ / scales_.size();
    for (std::size_t s = 0; s < scales_.size(); ++s) {
      use(s * part, (s + 1) * part, scales_[s]);
    }
  }

  void encode_codes(std::span<const float> values, Code* codes) {
    for_each_part([&](std::size_t first, std::size_t last, const Scale& scale) {
      upset::encode_codes<typename F::Element>(values.subspan(first, last - first), scale,
                                               codes + first);
    });
  }

  /// A bit of a word or of a scale.
  struct Spot {
    std::uint64_t index = 0;
    int bit = 0;
    bool in_scale = false;
  };
  /// `locate` for what a fault needs. In whole words the divisors are constants, which takes a flip
  /// from 29 ns to 7.
  [[nodiscard]] Spot spot(std::uint64_t bit) const {
    constexpr auto word_bits = static_cast<std::uint64_t>(F::word_bits);
    if (bit < size_ / lanes * word_bits) {
      return {bit / word_bits, static_cast<int>(bit % word_bits)};
    }
    const BitLocation at = locate(bit);
    return {at.word, at.word_bit, at.role == BitRole::scale};
  }

  static void require_even_shares(std::size_t size, std::size_t scales) {
    if (scales == 0 || (scales > 1 && size % scales != 0)) {
      throw Error("A memory image of " + std::to_string(size) + " elements cannot share " +
                  std::to_string(scales) + " scales evenly");
    }
  }
  void resize(std::size_t size) {
    require_even_shares(size, scales_.size());
    size_ = size;
    words_.resize((size + lanes - 1) / lanes);
  }

  std::size_t size_ = 0;
  std::vector<Word> words_;
  std::vector<Scale> scales_;
  std::vector<std::uint64_t> touched_;
  bool scale_touched_ = false;
};

}  // namespace upset

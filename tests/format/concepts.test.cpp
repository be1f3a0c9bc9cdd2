// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <span>
#include <type_traits>

#include <support/formats.hpp>
#include <support/static_check.hpp>

#include <upset/format/concepts.hpp>

namespace {

using namespace upset;  // concepts and formats are what this file is about

/// The least a format can be; each twin below lacks one thing.
struct Least : PlainWord<Least, 4> {
  using code_type = std::uint8_t;
  using Scale = Unscaled;
  using Element = Least;
  static constexpr int width = 4;
  static constexpr Operand operand = Operand::real;
  static constexpr Name name() { return Name{"Least"}; }
  static constexpr BitRole role(int) { return BitRole::fraction; }
  static constexpr code_type encode(float, Scale) { return 0; }
  static constexpr float decode(code_type, Scale) { return 0; }
  static constexpr Scale fit(std::span<const float>) { return {}; }
};
struct WithoutRole : Least {
  static constexpr void role(int) {}
};
struct WithoutFit : Least {
  static constexpr void fit(std::span<const float>) {}
};
struct WithoutLevels : Least {
  static constexpr Operand operand = Operand::level;
};
struct SignedCode : Least {
  using code_type = std::int8_t;
};
struct WithoutGammas {
  static constexpr int width = 0;
  static constexpr bool test(int) { return false; }
  static constexpr void flip(int) {}
  bool operator==(const WithoutGammas&) const = default;
};
struct NoFactors : WithoutGammas {
  static constexpr int gammas = 1;
};
struct Factors : NoFactors {
  static constexpr float gamma(int) { return 1; }
  static constexpr Factors from_gammas(std::span<const float>) { return {}; }
};

TEST_CASE("concepts: the least format is one, and without any part it is none") {
  UPSET_STATIC_CHECK(Format<Least>);
  UPSET_STATIC_CHECK(!BitAddressable<WithoutRole>);
  UPSET_STATIC_CHECK(!Codec<WithoutFit>);
  UPSET_STATIC_CHECK(!Multipliable<WithoutLevels>);
  UPSET_STATIC_CHECK(!BitAddressable<SignedCode>);
  UPSET_STATIC_CHECK(!Format<int>);
  UPSET_STATIC_CHECK(!Format<float>);
  UPSET_STATIC_CHECK(!ElementType<Least>);  // a format, but its codes are no values
}

TEST_CASE("concepts: a scale counts its learnable factors and has them") {
  UPSET_STATIC_CHECK(!ScaleType<WithoutGammas>);
  UPSET_STATIC_CHECK(!ScaleType<NoFactors>);
  UPSET_STATIC_CHECK(ScaleType<Factors>);
}

TEST_CASE("concepts: an unscaled format has nothing a fault could hit in its scale") {
  UPSET_STATIC_CHECK(Unscaled::width == 0);
  UPSET_STATIC_CHECK(Unscaled::gammas == 0);
  UPSET_STATIC_CHECK(!Unscaled{}.test(0));
  UPSET_STATIC_CHECK(Unscaled{} == Unscaled{});
}

TEST_CASE_TEMPLATE_DEFINE("concepts: a format's values are structural words of their code", T,
                          element_types) {
  UPSET_STATIC_CHECK(ElementType<T>);
  UPSET_STATIC_CHECK(std::is_standard_layout_v<T>);
  UPSET_STATIC_CHECK(std::has_unique_object_representations_v<T>);
  UPSET_STATIC_CHECK(sizeof(T) == sizeof(typename T::code_type));
  UPSET_STATIC_CHECK(std::is_nothrow_default_constructible_v<T>);
  UPSET_STATIC_CHECK(T{}.bits() == 0);
  UPSET_STATIC_CHECK(is_plain<T>);
  // Usable as a template argument:
  UPSET_STATIC_CHECK(std::integral_constant<T, T::from_bits(1)>::value.bits() == 1);
  CHECK_FALSE(T::name().view().empty());
}
TEST_CASE_TEMPLATE_APPLY(element_types, test::AllFormats);

}  // namespace

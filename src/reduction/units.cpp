// How units follow the gradient.

#include "cauchy/reduction/units.hpp"

#include <algorithm>

namespace cauchy::reduction {

template <typename Real, typename Integer>
Units UnitRule<Real, Integer>::start() const {
  return {std::vector<std::int32_t>(blocks_.count(), grid_.lowest_exponent),
          std::vector<std::int32_t>(blocks_.count(), 0)};
}

template <typename Real, typename Integer>
bool UnitRule<Real, Integer>::is_coarse(std::int32_t exponent, Pattern<Real> largest) const {
  return sizeof(Integer) == sizeof(std::int64_t) && largest != 0 && exponent - grid_.exponent_for(largest) > most_slack;
}

template <typename Real, typename Integer>
bool UnitRule<Real, Integer>::fit(const Units& units, std::span<const Pattern<Real>> largest) const {
  for (std::size_t block = 0; block < largest.size(); ++block) {
    if (!grid_.fits(largest[block], units.exponents[block]) || is_coarse(units.exponents[block], largest[block])) {
      return false;
    }
  }
  return true;
}

template <typename Real, typename Integer>
void UnitRule<Real, Integer>::raise(Units& units, std::span<const Pattern<Real>> largest) const {
  for (std::size_t tensor = 0; tensor < blocks_.tensors(); ++tensor) {
    const std::size_t first = blocks_.first_of(tensor);
    const std::size_t last = blocks_.first_of(tensor + 1);
    std::int32_t largest_exponent = grid_.lowest_exponent;
    for (std::size_t block = first; block < last; ++block) {
      std::int32_t wanted = grid_.exponent_for(largest[block]);
      if (!grid_.fits(largest[block], units.exponents[block])) {
        wanted = std::min(wanted + 1, grid_.highest_exponent);
      }
      largest_exponent = std::max(largest_exponent, wanted);
      if (wanted > units.exponents[block] || is_coarse(units.exponents[block], largest[block])) {
        units.exponents[block] = wanted;
        units.ages[block] = 0;
      }
    }
    for (std::size_t block = first; block < last; ++block) {
      if (largest[block] == 0 && units.exponents[block] == grid_.lowest_exponent) {
        units.exponents[block] = largest_exponent;
      }
    }
  }
}

template <typename Real, typename Integer>
void UnitRule<Real, Integer>::follow(Units& units, std::span<const Pattern<Real>> largest) const {
  raise(units, largest);
  for (std::size_t block = 0; block < largest.size(); ++block) {
    if (largest[block] == 0) {
      continue;
    }
    std::int32_t& age = units.ages[block];
    age = grid_.exponent_for(largest[block]) < units.exponents[block] ? age + 1 : 0;
    if (age == steps_to_fall) {
      units.exponents[block] -= 1;
      age = 0;
    }
  }
}

template class UnitRule<float, std::int16_t>;
template class UnitRule<float, std::int32_t>;
template class UnitRule<float, std::int64_t>;
template class UnitRule<double, std::int32_t>;
template class UnitRule<double, std::int64_t>;

}  // namespace cauchy::reduction

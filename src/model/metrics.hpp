#pragma once
/// Figures of merit from sums over samples.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include "cauchy/model/target_summary.hpp"

namespace cauchy::model {

/// Of targets y, predicted means m, k targets a sample, W = Σ w:
///
///     accuracy   Σ w·hits / (W·k)
///     auc        see auc() below
///     rmse       √(Σ w·(y - m)² / (W·k))
///     variance   Σ w·(y - m)² / (W·k)
///     mae        Σ w·|y - m| / (W·k)
///     r2         1 - Σ w·(y - m)² / Σ w·(y - ȳ)², ȳ the mean of the target over all the data that are evaluated
///     deviance   Σ w·D(y, m) / (W·k), D twice the log-likelihood ratio of the perfect mean y and m (McCullagh and
///                Nelder, "Generalized linear models", 2.3)
///     d2         1 - deviance / deviance of the constant rate, Σ w·y / Σ w·exposure
enum class Figure { accuracy, auc, rmse, variance, mae, r2, deviance, d2 };

inline std::string figure_name(Figure figure) {
  static constexpr std::array names{"accuracy", "auc", "rmse", "variance", "mae", "r2", "deviance", "d2"};
  return names[static_cast<std::size_t>(figure)];
}

/// The sums that figures are made of, as they travel.
struct FigureSums {
  double targets = 0;        ///< Σ w·k
  double hits = 0;           ///< Σ w·hits
  double squares = 0;        ///< Σ w·(y - m)²
  double magnitudes = 0;     ///< Σ w·|y - m|
  double all_squares = 0;    ///< Σ w·(y - ȳ)²
  double deviance = 0;       ///< Σ w·D(y, m)
  double null_deviance = 0;  ///< Σ w·D(y, exposure·rate)

  static constexpr std::size_t size = 7;

  void add_to(std::span<double> sums) const {
    const std::array<double, size> values{targets, hits, squares, magnitudes, all_squares, deviance, null_deviance};
    std::ranges::transform(values, sums, sums.begin(), std::plus<>());
  }

  static FigureSums from(std::span<const double> sums) {
    return {sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6]};
  }
};

/// 1 - part/all, also where there is nothing to explain.
inline double explained(double part, double all) {
  return all > 0 ? 1 - part / all : part > 0 ? 0 : part == 0 ? 1 : part;
}

/// All but auc.
inline double figure_value(Figure figure, const FigureSums& sums) {
  switch (figure) {
    case Figure::accuracy:
      return sums.hits / sums.targets;
    case Figure::rmse:
      return std::sqrt(sums.squares / sums.targets);
    case Figure::variance:
      return sums.squares / sums.targets;
    case Figure::mae:
      return sums.magnitudes / sums.targets;
    case Figure::r2:
      return explained(sums.squares, sums.all_squares);
    case Figure::deviance:
      return sums.deviance / sums.targets;
    case Figure::d2:
      return explained(sums.deviance, sums.null_deviance);
    case Figure::auc:
      break;
  }
  return 0;
}

/// Bins of scores: those that agree in the first 16 bits of their float, which are sign, exponent and 7 binary digits.
inline constexpr std::size_t score_bins = std::size_t{1} << 16;
/// By bin, those of target 0, then those of target 1.
inline constexpr std::size_t score_counts = 2 * score_bins;

/// The bin of a score, in the order of the scores.
inline std::size_t score_bin(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // -0 is 0
  return ((bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U) >> 16;
}

/// Counts a sample. Weights count in units of 2^-20 of the largest one, so that counts are whole numbers.
inline void count_score(std::span<double> counts, float score, bool positive, double weight, const TargetSummary& all) {
  counts[(positive ? score_bins : 0) + score_bin(score)] += std::nearbyint(weight / all.largest_weight * 0x1p20);
}

/// The area under the ROC curve: the probability that a random sample of target 1 has a higher score than one of target
/// 0, equal scores counting half (Hanley and McNeil, Radiology 143, 1982). Scores of one bin, which differ by less than
/// 1/128 of themselves, count as equal: the error is at most half the share of pairs that share a bin. NaN without a
/// sample of either target.
inline double auc(std::span<const double> counts) {
  double below = 0;
  double wins = 0;
  double positives = 0;
  for (std::size_t bin = 0; bin < score_bins; ++bin) {
    const double positive = counts[score_bins + bin];
    wins += positive * (below + counts[bin] / 2);
    below += counts[bin];
    positives += positive;
  }
  return wins / (below * positives);
}

}  // namespace cauchy::model

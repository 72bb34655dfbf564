// Tails of the normal distribution and of Student's, against scipy 1.10.

#include "cauchy/model/tails.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cauchy::model {
namespace {

constexpr double normal = std::numeric_limits<double>::infinity();

// 2·scipy.stats.t.sf(t, n) and 2·scipy.stats.norm.sf(t).
TEST(Tails, PValues) {
  struct Case {
    double statistic;
    double degrees_of_freedom;
    double expected;
  };
  for (const Case& one : {Case{0.001, 1.0, 0.9993633804398389},       Case{0.001, 2.0, 0.99929289339559},
                          Case{0.001, 7.5, 0.9992281986746556},       Case{0.001, 235.0, 0.999202963932069},
                          Case{0.001, 20000.0, 0.9992021255456776},   Case{0.001, 200000.0, 0.9992021165695335},
                          Case{0.001, normal, 0.9992021155721779},    Case{0.5, 1.0, 0.7048327646991336},
                          Case{0.5, 2.0, 0.6666666666666667},         Case{0.5, 7.5, 0.6314109646224544},
                          Case{0.5, 235.0, 0.6175429401850963},       Case{0.5, 20000.0, 0.6170805784301558},
                          Case{0.5, 200000.0, 0.6170756275536213},    Case{0.5, normal, 0.6170750774519738},
                          Case{1, 1.0, 0.49999999999999956},          Case{1, 2.0, 0.42264973081037427},
                          Case{1, 7.5, 0.34847602563075125},          Case{1, 235.0, 0.3183390743585609},
                          Case{1, 20000.0, 0.3173226062479074},       Case{1, 200000.0, 0.3173117177150248},
                          Case{1, normal, 0.31731050786291415},       Case{1.96, 1.0, 0.30034289177603307},
                          Case{1.96, 2.0, 0.18905730960173223},       Case{1.96, 7.5, 0.08806694707234146},
                          Case{1.96, 235.0, 0.0511776360956825},      Case{1.96, 20000.0, 0.05000965499840541},
                          Case{1.96, 200000.0, 0.049997176742712555}, Case{1.96, normal, 0.04999579029644087},
                          Case{5, 1.0, 0.12566591637800234},          Case{5, 2.0, 0.037749551350623724},
                          Case{5, 7.5, 0.0012762228035169802},        Case{5, 235.0, 1.1214353962354885e-06},
                          Case{5, 20000.0, 5.781514147658058e-07},    Case{5, 200000.0, 5.737864916784291e-07},
                          Case{5, normal, 5.733031437583866e-07},     Case{20, 1.0, 0.03180450251235275},
                          Case{20, 2.0, 0.002490663892367097},        Case{20, 7.5, 8.844150711951435e-08},
                          Case{20, 235.0, 1.2296797787649741e-52},    Case{20, 20000.0, 4.0032082009450495e-88},
                          Case{20, 200000.0, 6.731490529009147e-89},  Case{20, normal, 5.507248237212311e-89},
                          Case{37, 1.0, 0.017201752210866304},        Case{37, 2.0, 0.0007296608049250635},
                          Case{37, 7.5, 9.161785496767513e-10},       Case{37, 235.0, 5.482664000700562e-100},
                          Case{37, 20000.0, 6.393804926003476e-290},  Case{37, 200000.0, 1.1834030395966626e-298},
                          Case{37, normal, 1.1451142445047853e-299}}) {
    // Logarithms of Γ of up to 10^5 lose five digits.
    EXPECT_NEAR(two_sided_p_value(one.statistic, one.degrees_of_freedom), one.expected, 1e-10 * one.expected)
        << one.statistic << " " << one.degrees_of_freedom;
    EXPECT_EQ(two_sided_p_value(-one.statistic, one.degrees_of_freedom),
              two_sided_p_value(one.statistic, one.degrees_of_freedom));
  }
  EXPECT_EQ(two_sided_p_value(0, 5), 1);
  EXPECT_EQ(two_sided_p_value(0, normal), 1);
  EXPECT_EQ(two_sided_p_value(normal, 5), 0);
  EXPECT_TRUE(std::isnan(two_sided_p_value(std::nan(""), 5)));
}

// √(n·y/(1 - y)) with y = scipy.special.betaincinv(1/2, n/2, level), and scipy.stats.norm.ppf((1 + level)/2).
TEST(Tails, CriticalValues) {
  struct Case {
    double level;
    double degrees_of_freedom;
    double expected;
  };
  for (const Case& one : {Case{0.05, 1.0, 0.07870170682461844},     Case{0.05, 2.0, 0.07079923254047886},
                          Case{0.05, 7.5, 0.06483493322719966},     Case{0.05, 235.0, 0.06277378563255015},
                          Case{0.05, 20000.0, 0.06270756486513743}, Case{0.05, normal, 0.06270677794321385},
                          Case{0.5, 1.0, 0.9999999999999993},       Case{0.5, 2.0, 0.8164965809277258},
                          Case{0.5, 7.5, 0.7085995804442595},       Case{0.5, 235.0, 0.6755351675759382},
                          Case{0.5, 20000.0, 0.6745020171417402},   Case{0.5, normal, 0.6744897501960817},
                          Case{0.9, 1.0, 6.313751514675048},        Case{0.9, 2.0, 2.919985580353726},
                          Case{0.9, 7.5, 1.8757474792112887},       Case{0.9, 235.0, 1.6513635435385008},
                          Case{0.9, 20000.0, 1.6449298189593284},   Case{0.9, normal, 1.6448536269514722},
                          Case{0.95, 1.0, 12.706204736174728},      Case{0.95, 2.0, 4.302652729749464},
                          Case{0.95, 7.5, 2.333039626864974},       Case{0.95, 235.0, 1.9701100622681034},
                          Case{0.95, 20000.0, 1.9600826051574258},  Case{0.95, normal, 1.959963984540054},
                          Case{0.999, 1.0, 636.6192487645907},      Case{0.999, 2.0, 31.599054576443834},
                          Case{0.999, 7.5, 5.207725655800545},      Case{0.999, 235.0, 3.3324071736784826},
                          Case{0.999, 20000.0, 3.2910132833639887}, Case{0.999, normal, 3.2905267314919255}}) {
    EXPECT_NEAR(critical_value(one.level, one.degrees_of_freedom), one.expected, 1e-10 * one.expected)
        << one.level << " " << one.degrees_of_freedom;
  }
}

}  // namespace
}  // namespace cauchy::model

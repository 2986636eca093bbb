// How many files, and so sockets, the system lets this process have open at once. Bun raises the soft limit to the hard
// one by itself, so the hard one is what counts.
//
//   openFilesMax()     // 1048576, 20000, 1024; null where the system does not say

interface SystemReport {
  userLimits?: { open_files?: { hard?: number | string } };
}

/** The hard limit on open files; null when it is unlimited or not known. */
export function openFilesMax(): number | null {
  const { userLimits } = process.report.getReport() as SystemReport;
  const hard = userLimits?.open_files?.hard;
  return typeof hard === "number" && hard > 0 ? hard : null;
}

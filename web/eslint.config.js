import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "test-results/", "playwright-report/"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      "max-lines": ["error", { max: 400 }],
      "no-undef": "off",
      eqeqeq: "error",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["src/model/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", "window", "document", "localStorage", "sessionStorage", "indexedDB", "fetch", "navigator"],
      "no-restricted-imports": ["error", { patterns: ["../view/*", "../panels/*", "../api/*", "../interaction/*", "preact", "preact/*"] }],
    },
  },
);
